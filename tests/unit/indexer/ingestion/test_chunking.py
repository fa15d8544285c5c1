import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.ingestion.chunking import chunk
from kg import ids
from kg.errors import DocumentUnreadable, SettingsInvalid
from kg.records import Document, Section
from kg.store import DocumentGraph


def words(text: str) -> int:
    return len(text.split())


def characters(text: str) -> int:
    return len(text)


def document(text: str, title: str = "", sections: tuple[Section, ...] = ()) -> Document:
    return Document(
        id="doc-1", fingerprint="f", source="a.txt", title=title, text=text, sections=sections
    )


def cut(
    text: str,
    max_tokens: int,
    *,
    overlap: int = 0,
    title: str = "",
    sections: tuple[Section, ...] = (),
    count: object = words,
) -> DocumentGraph:
    assert callable(count)
    return chunk(
        "c",
        document(text, title, sections),
        count_tokens=count,
        max_tokens=max_tokens,
        overlap_tokens=overlap,
    )


def texts(graph: DocumentGraph) -> list[str]:
    by_id = {passage.id: passage for passage in graph.passages}
    return [by_id[placement.passage_id].text for placement in graph.placements]


def headings(graph: DocumentGraph) -> list[str]:
    by_id = {passage.id: passage for passage in graph.passages}
    return [by_id[placement.passage_id].heading for placement in graph.placements]


def sectioned(*parts: tuple[str, str, int | None]) -> tuple[str, tuple[Section, ...]]:
    """A text of (heading path, body, page), each heading on a line of its own, and its sections."""
    text, sections = "", []
    for heading, body, page in parts:
        line = heading.rpartition(" > ")[2]
        piece = "\n\n".join(filter(None, (line, body)))
        start = len(text) + 2 if text else 0
        text = f"{text}\n\n{piece}" if text else piece
        sections.append(Section(start=start, end=start + len(piece), heading=heading, page=page))
    return text, tuple(sections)


def sentence(n: int) -> str:
    """A sentence of ten words."""
    return f"Sentence {n} has exactly ten words in it, no more."


def test_a_short_document_stays_whole() -> None:
    graph = cut("One. Two.\n\nThree.", 4, title="T")
    assert texts(graph) == ["One. Two.\n\nThree."]
    assert graph.passages[0].title == "T"


def test_the_title_counts_towards_the_limit() -> None:
    assert len(cut("One. Two. Three.", 4, title="Two words").passages) == 2


def test_without_a_limit_every_document_stays_whole() -> None:
    assert len(cut(sentence(1) * 1000, 0, title="T").passages) == 1


def test_a_long_document_is_cut_at_sentence_ends() -> None:
    text = " ".join(map(sentence, range(5)))
    assert texts(cut(text, 25)) == [
        f"{sentence(0)} {sentence(1)}",
        f"{sentence(2)} {sentence(3)}",
        sentence(4),
    ]


def test_paragraphs_are_better_places_than_sentences() -> None:
    text = f"{sentence(0)}\n\n{sentence(1)} {sentence(2)}"
    assert texts(cut(text, 25)) == [sentence(0), f"{sentence(1)} {sentence(2)}"]


def test_lines_that_a_width_has_broken_are_no_places_to_cut() -> None:
    lines = [
        "The dogs of the laboratory were fed by hand on",
        "every day of the week. They grew quickly and in",
        "the spring of that year they were measured again",
        "by two assistants. All of the dogs were healthy.",
    ]
    found = texts(cut("\n".join(lines), 20))
    assert len(found) > 1
    assert all(text.endswith(".") for text in found)


def test_a_sentence_over_the_limit_is_cut_at_words() -> None:
    assert texts(cut("one two three four five", 2)) == ["one two", "three four", "five"]


def test_chinese_is_cut_at_sentence_ends() -> None:
    text = "巴甫洛夫出生于梁赞。他研究狗的消化。他获得了诺贝尔奖！他住在列宁格勒。"
    found = texts(cut(text, 20, count=characters))
    assert "".join(found) == text
    assert all(piece[-1] in "。！" for piece in found)


def test_a_repeated_passage_is_kept_once_and_placed_twice() -> None:
    graph = cut("Same words here.\n\nOther words now.\n\nSame words here.", 4)
    assert len(graph.passages) == 2
    assert [placement.ordinal for placement in graph.placements] == [0, 1, 2]
    assert graph.placements[0].passage_id == graph.placements[2].passage_id


def test_passages_are_known_by_what_is_embedded() -> None:
    (passage,) = cut("Text.", 10, title="T").passages
    assert passage.id == ids.passage_id("c", "T", "", "Text.")


def test_sections_of_a_long_document_are_taken_apart_under_their_headings() -> None:
    text, sections = sectioned(
        ("", sentence(0), None), ("A", sentence(1), None), ("A > B", sentence(2), None)
    )
    graph = cut(text, 15, sections=sections)
    assert headings(graph) == ["", "A", "A > B"]
    assert texts(graph) == [sentence(0), sentence(1), sentence(2)]


def test_a_document_that_stays_whole_has_the_heading_that_its_sections_share() -> None:
    text, sections = sectioned(("A > B", "One.", None), ("A > C", "Two.", None))
    graph = cut(text, 50, sections=sections)
    assert headings(graph) == ["A"]
    assert texts(graph) == ["B\n\nOne.\n\nC\n\nTwo."]


def test_small_sections_are_put_together_under_the_heading_they_share() -> None:
    text, sections = sectioned(
        ("A > B", "Two words.", None),
        ("A > C", "Two more.", None),
        ("D", " ".join(map(sentence, range(4))), None),
    )
    graph = cut(text, 45, sections=sections)
    assert headings(graph) == ["A", "D"]
    assert texts(graph)[0] == "B\n\nTwo words.\n\nC\n\nTwo more."


def test_a_heading_over_headings_makes_no_passage_of_its_own() -> None:
    long = " ".join(map(sentence, range(3)))
    text, sections = sectioned(("A", "", None), ("A > B", long, None), ("A > C", long, None))
    assert headings(cut(text, 35, sections=sections)) == ["A > B", "A > C"]


def test_a_heading_with_nothing_under_it_is_not_lost() -> None:
    long = " ".join(map(sentence, range(3)))
    text, sections = sectioned(("A", long, None), ("Lonely", "", None), ("C", long, None))
    assert any("Lonely" in piece for piece in texts(cut(text, 35, sections=sections)))


def test_a_passage_is_on_the_page_where_it_begins() -> None:
    text, sections = sectioned(
        ("", " ".join(map(sentence, range(3))), 1), ("", " ".join(map(sentence, range(3, 6))), 2)
    )
    graph = cut(text, 20, sections=sections)
    assert [placement.page for placement in graph.placements] == [1, 1, 2, 2]


def test_a_page_of_few_words_goes_with_its_neighbour() -> None:
    text, sections = sectioned(
        ("", "Cover", 1), ("", sentence(0), 2), ("", " ".join(map(sentence, range(1, 4))), 3)
    )
    graph = cut(text, 32, sections=sections)
    assert [placement.page for placement in graph.placements] == [1, 3]


def test_text_between_sections_is_kept() -> None:
    text = f"Before. {sentence(0)} {sentence(1)} After."
    start = text.index("Sentence 0")
    section = Section(start=start, end=start + len(sentence(0)), heading="A")
    assert "".join(texts(cut(text, 15, sections=(section,)))).count("After.") == 1


def test_a_heading_gives_way_where_it_leaves_no_room() -> None:
    text, sections = sectioned(("a b c d e f > g h", " ".join(map(sentence, range(3))), None))
    assert set(headings(cut(text, 10, sections=sections))) == {"g h"}


def test_a_title_without_end_leaves_half_of_the_limit() -> None:
    graph = cut("one two three four five six", 4, title="t " * 50)
    assert texts(graph) == ["one two", "three four", "five six"]


def test_the_overlap_repeats_the_end_of_the_passage_before() -> None:
    text = " ".join(map(sentence, range(4)))
    assert texts(cut(text, 20, overlap=10)) == [
        f"{sentence(n)} {sentence(n + 1)}" for n in range(3)
    ]


@pytest.mark.parametrize("text", ["", " \n\t"])
def test_a_blank_document_is_refused(text: str) -> None:
    with pytest.raises(DocumentUnreadable, match=r"a\.txt"):
        cut(text, 10)


@pytest.mark.parametrize(("limit", "overlap"), [(-1, 0), (10, -1), (10, 10)])
def test_limits_that_make_no_sense_are_refused(limit: int, overlap: int) -> None:
    with pytest.raises(SettingsInvalid):
        cut("Text.", limit, overlap=overlap)


PIECES = st.sampled_from(
    [
        "word",
        "Dr. X",
        "end.",
        "What?",
        "\n",
        "\n\n",
        " ",
        "巴甫洛夫。",
        "狗",
        "🙂",
        "مرحبا.",
        "e\u0301",
        "- ",
    ]
)
TEXTS = st.lists(PIECES, min_size=1, max_size=120).map(" ".join).filter(str.strip)
COUNTS = st.sampled_from([words, characters])


@st.composite
def documents(draw: st.DrawFn) -> Document:
    paths = st.sampled_from(["", "A", "A > B", "C"])
    parts = draw(st.lists(st.tuples(paths, TEXTS), min_size=1, max_size=4))
    first = draw(st.sampled_from([None, 1]))
    text, sections = sectioned(
        *((path, part, first and first + n) for n, (path, part) in enumerate(parts))
    )
    return document(text, draw(st.sampled_from(["", "T"])), sections)


@given(documents(), COUNTS, st.integers(12, 60), st.integers(0, 5))
def test_whatever_the_document_its_passages_are_exact_ordered_and_within_the_limit(
    whole: Document, count: object, limit: int, overlap: int
) -> None:
    assert callable(count)
    graph = chunk("c", whole, count_tokens=count, max_tokens=limit, overlap_tokens=overlap)
    by_id = {passage.id: passage for passage in graph.passages}
    covered = bytearray(len(whole.text))
    for ordinal, placement in enumerate(graph.placements):
        passage = by_id[placement.passage_id]
        assert passage.text == whole.text[placement.start : placement.end]
        assert passage.text == passage.text.strip() != ""
        assert placement.ordinal == ordinal
        assert count(passage.embedded_text) <= limit
        covered[placement.start : placement.end] = b"\x01" * len(passage.text)
    for before, after in pairwise(graph.placements):
        assert before.start < after.start
        assert before.end < after.end
        assert count(whole.text[after.start : before.end]) <= overlap
    lost = "".join(char for char, kept in zip(whole.text, covered, strict=True) if not kept)
    # Nothing is lost but white space and the lines of headings, which passages have as headings.
    assert re.fullmatch(r"[ABC\s]*", lost)


@given(TEXTS, COUNTS, st.integers(6, 40))
def test_without_sections_nothing_but_white_space_is_lost(
    text: str, count: object, limit: int
) -> None:
    assert "".join("".join(texts(cut(text, limit, count=count))).split()) == "".join(text.split())


def test_a_huge_text_is_never_counted_as_a_whole() -> None:
    counted: list[int] = []

    def count(text: str) -> int:
        counted.append(len(text))
        return len(text.split())

    text = "Brenda Milner worked with Henry Molaison in Hartford. " * 4000
    huge = Document(id="d", fingerprint="f", source="s", title="t", text=text)
    found = chunk("c", huge, count_tokens=count, max_tokens=64, overlap_tokens=0)
    assert len(found.placements) > 400
    assert max(counted) < len(text) / 10
