"""Reading questions."""

import pytest

from retrieval.question import Link, Question, read_question
from tests.doubles.names import named


def read(text: str, *known: str, cased: bool = True) -> Question:
    return read_question(text, named(*known), cased=cased)


def links(question: Question) -> list[str]:
    return [question.text[link.start : link.end] for link in question.links]


def clauses(question: Question) -> list[str]:
    return [clause.text for clause in question.clauses]


def test_the_longest_names_are_linked_and_nested_ones_are_kept_aside() -> None:
    question = read("Who founded New York University?", "new york", "york", "new york university")
    assert links(question) == ["New York University"]
    assert question.entries == (0, 1, 2)


def test_a_link_says_where_its_name_stands() -> None:
    question = read("Did H.M. know Zoë’s doctor?", "hm", "zoe")
    assert question.links == (
        Link(surface="hm", start=4, end=8, entries=(0,)),
        Link(surface="zoe", start=14, end=19, entries=(1,)),
    )


def test_a_name_that_comes_twice_is_one_link_where_it_stands_first() -> None:
    question = read("Did Hebb know that Hebb's book sold?", "hebb")
    assert question.links == (Link(surface="hebb", start=4, end=8, entries=(0,)),)


def test_a_question_that_names_nothing_known_has_no_links_and_no_mask() -> None:
    question = read("Who discovered place cells?", "hebb")
    assert (question.links, question.entries, question.mask) == ((), (), "")


def test_the_mask_is_the_question_without_its_names() -> None:
    question = read("Who taught Brenda Milner at McGill?", "brenda milner", "mcgill")
    assert question.mask == "Who taught at ?"


def test_every_place_of_a_name_is_masked() -> None:
    assert read("Did Hebb know that Hebb's book sold?", "hebb").mask == "Did know that book sold?"


@pytest.mark.parametrize("text", ["Brenda Milner", "  Brenda Milner "])
def test_a_question_that_is_all_one_name_has_no_mask(text: str) -> None:
    question = read(text, "brenda milner")
    assert (links(question), question.mask, question.clauses) == (["Brenda Milner"], "", ())


def test_small_letters_are_no_name_where_the_question_has_case() -> None:
    assert links(read("Did Hebb like apple juice?", "apple", "hebb")) == ["Hebb"]


def test_small_letters_name_where_the_question_has_no_case() -> None:
    assert links(read("did hebb like apples?", "hebb")) == ["hebb"]


def test_small_letters_name_where_the_corpus_has_no_case() -> None:
    assert links(read("Did Hebb like apples?", "apples", cased=False)) == ["apples"]


@pytest.mark.parametrize(
    ("text", "known", "expected"),
    [
        ("谁在北京大学教书？", "北 京 大 学", "北京大学"),
        ("Кто родился в Москве?", "москв", "Москве"),
        ("متى ولد مُحَمَّد عبده؟", "محمد", "مُحَمَّد"),
        ("😀 Who is Zoe\u0308?", "zoe", "Zoe\u0308"),
    ],
)
def test_names_of_every_script_are_linked(text: str, known: str, expected: str) -> None:
    assert links(read(text, known)) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Who taught the woman who discovered it?",
            ["Who taught the woman", "who discovered it?"],
        ),
        (
            "What is the river of the city in which Hebb died?",
            ["What is the river of the city", "in which Hebb died?"],
        ),
        (
            "When Hebb came back, who led the laboratory?",
            ["When Hebb came back", "who led the laboratory?"],
        ),
        ("Who is the mother of it, as told?", ["Who is the mother of it"]),
        ("In which year did it end?", []),
        ("Where is the city with 1,000 bridges?", []),
        ("Is it so?", []),
        ("Tell who's the one who's there now", []),
        ("What is the river; where is it now?", ["What is the river", "where is it now?"]),
        ("", []),
        ("Кто открыл город, в котором родился он?", ["Кто открыл город", "в котором родился он?"]),
        ("من أسس المدينة التي ولد فيها؟", ["من أسس المدينة", "التي ولد فيها؟"]),
        ("谁写了这本书，它在哪里出版？", ["谁写了这本书", "它在哪里出版？"]),
    ],
)
def test_a_question_is_cut_before_clause_words_and_after_commas(
    text: str, expected: list[str]
) -> None:
    assert clauses(read(text)) == expected


def test_full_width_words_cut_a_question_as_ordinary_ones_do() -> None:
    text = "Who saw the town where he lived, and took it?"
    wide = text.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000})
    found = [(clause.start, clause.end) for clause in read(wide).clauses]
    assert len(found) == 3
    assert found == [(clause.start, clause.end) for clause in read(text).clauses]


def test_the_first_sixteen_clauses_are_looked_for() -> None:
    text = ", ".join(f"he sat there {number}" for number in range(600))
    assert clauses(read(text)) == [f"he sat there {number}" for number in range(16)]


def test_a_question_is_never_cut_inside_a_name() -> None:
    question = read(
        "Who wrote The Man Who Knew, Too and lived?", "the man who knew too", cased=True
    )
    assert clauses(question) == []
    assert links(question) == ["The Man Who Knew, Too"]


def test_a_question_may_be_cut_between_names_that_touch() -> None:
    question = read("他是北京，上海是城市", "北 京", "上 海")
    assert clauses(question) == ["他是北京", "上海是城市"]
    assert [clause.surfaces for clause in question.clauses] == [("北 京",), ("上 海",)]


def test_a_clause_says_where_it_stands_and_which_names_it_holds() -> None:
    text = "Who taught Milner, and where did Hebb live?"
    question = read(text, "milner", "hebb")
    assert [text[one.start : one.end] for one in question.clauses] == clauses(question)
    held = [[clause.holds(link) for link in question.links] for clause in question.clauses]
    assert held == [[True, False], [False, True]]


def test_a_name_that_comes_twice_is_held_by_both_of_its_clauses() -> None:
    question = read("Who taught Hebb there, and where did Hebb live?", "hebb")
    assert [clause.holds(question.links[0]) for clause in question.clauses] == [True, True]
