"""What can be named in a corpus, and where it is."""

import numpy as np
import pytest

from indexer.snapshot.earlier import nothing
from indexer.snapshot.gazetteer import (
    Names,
    collect_names,
    corpus_has_case,
    gazetteer_table,
    head_of,
    title_aliases,
)
from indexer.snapshot.merge import Merge, starts
from indexer.snapshot.pairs import Corpus, find_pairs
from kg.records import Passage
from kg.snapshot.tables import Pairs
from kg.surfaces import key_of


def passage(title: str, *sentences: str) -> Passage:
    return Passage(id=f"psg-{title}-{sentences}", title=title, heading="", text=" ".join(sentences))


def spans(*sentences: str) -> list[tuple[int, int]]:
    """Where sentences joined by a space begin and end."""
    found, start = [], 0
    for sentence in sentences:
        found.append((start, start + len(sentence)))
        start += len(sentence) + 1
    return found


def pairs_of(
    names: Names, corpus: list[tuple[str, list[str]]], *, cased: bool = True
) -> dict[tuple[str, int], tuple[bool, list[int]]]:
    """(label, passage) -> (whether it is the title, the sentences that name it)."""
    return as_dict(table_of(names, corpus, cased=cased), names)


def table_of(names: Names, corpus: list[tuple[str, list[str]]], *, cased: bool) -> Pairs:
    cut = [spans(*sentences) for _, sentences in corpus]
    edges = np.array([span for found in cut for span in found], dtype=np.int32).reshape(-1, 2)
    pairs, _ = find_pairs(
        Corpus(
            passages=[passage(title, *sentences) for title, sentences in corpus],
            indptr=starts(np.array([len(found) for found in cut], dtype=np.int64)),
            start=edges[:, 0],
            end=edges[:, 1],
        ),
        names,
        cased=cased,
        old=nothing(),
        passages=Merge(np.arange(len(corpus)), 0),
        sentences=Merge(np.arange(len(edges)), 0),
    )
    return pairs


def as_dict(pairs: Pairs, names: Names) -> dict[tuple[str, int], tuple[bool, list[int]]]:
    return {
        (names.labels[pairs.entry[row]], int(pairs.passage[row])): (
            bool(pairs.is_title[row]),
            pairs.sentences.row(row).tolist(),
        )
        for row in range(len(pairs.entry))
    }


def meanings(names: Names) -> dict[str, list[str]]:
    return {
        surface: [names.labels[entry] for entry in entries]
        for surface, entries in names.meanings.items()
    }


@pytest.mark.parametrize(
    ("title", "aliases"),
    [
        ("Hebb", ["Hebb"]),
        ("Mercury (planet)", ["Mercury (planet)", "Mercury"]),
        ("水星（行星）", ["水星（行星）", "水星"]),
        ("The Octopus", ["The Octopus", "Octopus"]),
        ("An Octopus (film)", ["An Octopus (film)", "An Octopus", "Octopus"]),
        ("Springfield, Illinois", ["Springfield, Illinois", "Springfield"]),
        ("Paris, the capital of all France", ["Paris, the capital of all France"]),
        ("Paris, Texas, film", ["Paris, Texas, film"]),
        ("(untitled)", ["(untitled)"]),
        ("The", ["The"]),
        ("  Hebb  ", ["Hebb"]),
        (", Illinois", [", Illinois"]),
        ("", []),
        ("   ", []),
    ],
)
def test_a_title_has_its_aliases(title: str, aliases: list[str]) -> None:
    assert title_aliases(title) == aliases


def test_titles_come_before_names_and_each_in_order_of_its_form() -> None:
    names = collect_names(
        [passage("Milner"), passage("Hebb")], ["Penfield", "Broca", "HEBB"], cased=True
    )
    assert names.labels == ["Hebb", "Milner", "Broca", "Penfield"]
    assert names.titled == [[1], [0], [], []]


def test_passages_of_equal_titles_share_an_entry() -> None:
    names = collect_names([passage("Hebb"), passage("HEBB "), passage("Hebb")], [], cased=True)
    assert (names.labels, names.titled) == (["HEBB"], [[0, 1, 2]])


def test_an_alias_of_two_titles_means_both() -> None:
    corpus = [passage("Mercury (planet)"), passage("Mercury (god)")]
    assert meanings(collect_names(corpus, [], cased=True)) == {
        "mercury god": ["Mercury (god)"],
        "mercury planet": ["Mercury (planet)"],
        "mercury": ["Mercury (god)", "Mercury (planet)"],
    }


def test_a_name_that_a_title_covers_is_no_entry_of_its_own() -> None:
    names = collect_names([passage("Mercury (planet)")], ["Mercury", "MERCURY"], cased=True)
    assert names.labels == ["Mercury (planet)"]


def test_spellings_of_one_form_are_one_entry_labelled_by_the_least() -> None:
    names = collect_names([], ["HM", "H.M.", "Hm"], cased=True)
    assert (names.labels, dict(names.meanings)) == (["H.M."], {"hm": [0]})


@pytest.mark.parametrize(
    "name", ["the", "Who", "12", "999", "hippocampus", "…", "", " ".join(["Long"] * 13)]
)
def test_what_names_nothing_is_no_entry(name: str) -> None:
    assert collect_names([], [name], cased=True).labels == []


@pytest.mark.parametrize("name", ["1953", "The Brain", "Q", " ".join(["Long"] * 12)])
def test_what_may_name_something_is_an_entry(name: str) -> None:
    assert collect_names([], [name], cased=True).labels == [name]


def test_without_case_small_letters_name_too() -> None:
    assert collect_names([], ["hippocampus", "the"], cased=False).labels == ["hippocampus"]


def test_passages_without_a_title_make_no_entry() -> None:
    assert collect_names([passage(""), passage("  ")], [], cased=True).labels == []


@pytest.mark.parametrize(
    ("text", "head"),
    [
        ("Donald Hebb (1904–1985) was a psychologist.", "Donald Hebb"),
        ("The Lord of the Rings is a novel.", "Lord of the Rings"),
        ('"It\'ll Be Me" is a song by Jack Clement.', "It'll Be Me"),
        ("Luisa María de Guadalupe Calderón, born in 1956, was elected.", None),
        ("Пётр Чайковский — композитор.", "Пётр Чайковский"),
        ("Wilhelm von Osten war Lehrer.", "Wilhelm von Osten"),
        ("Hebb: a life\nHe is the man.", ""),
        ("He taught Milner.", ""),
        ("Most birds (and bats) fly.", ""),
        ("of Hebb, nothing", ""),
        ("A (b) is c.", "A"),
        ("", ""),
    ],
)
def test_a_text_begins_with_a_name(text: str, head: str | None) -> None:
    assert head_of(text) == (text.partition(",")[0] if head is None else head)


def test_what_a_passage_without_a_title_begins_with_is_a_name() -> None:
    corpus = [passage("", "Hebb (1904) taught."), passage("Brenda Milner", "Milner was there.")]
    assert collect_names(corpus, [], cased=True).labels == ["Brenda Milner", "Hebb"]


def test_without_case_nothing_tells_what_a_passage_begins_with() -> None:
    assert collect_names([passage("", "Hebb (1904) taught.")], [], cased=False).labels == []


def weak_in(names: Names, title: str, *sentences: str) -> set[str]:
    """The names of a passage that are weak there."""
    pairs = table_of(names, [(title, list(sentences))], cased=True)
    return {names.labels[entry] for entry in pairs.entry[pairs.weak]}


def test_a_name_is_weak_where_it_stands_only_inside_longer_ones() -> None:
    names = collect_names([], ["George", "George Stone", "Stone Age"], cased=True)
    assert weak_in(names, "", "He met George Stone.") == {"George"}
    assert weak_in(names, "", "He met George Stone.", "George left.") == set()
    assert weak_in(names, "George Stone", "George left.") == set()
    assert weak_in(names, "George Stone", "He left.") == {"George"}


def test_names_that_overlap_are_not_inside_each_other() -> None:
    names = collect_names([], ["George Stone", "Stone Age"], cased=True)
    assert weak_in(names, "", "The George Stone Age.") == set()


def test_a_number_is_weak_but_as_the_title() -> None:
    names = collect_names([passage("1984")], ["1948", "May 1948"], cased=True)
    assert weak_in(names, "1984", "Written in 1948.") == {"1948"}
    names = collect_names([], ["1948", "May 1948", "1984"], cased=True)
    assert weak_in(names, "", "In May 1948, not in 1984.") == {"1948", "1984"}


def test_a_mention_is_found_in_its_sentence() -> None:
    names = collect_names([], ["Hebb", "Milner"], cased=True)
    found = pairs_of(names, [("", ["Hebb taught.", "He retired.", "Milner and Hebb met."])])
    assert found == {("Hebb", 0): (False, [0, 2]), ("Milner", 0): (False, [2])}


def test_sentences_are_numbered_through_the_corpus() -> None:
    names = collect_names([], ["Hebb"], cased=True)
    found = pairs_of(names, [("", ["One.", "Two."]), ("", ["Three.", "Hebb."])])
    assert found == {("Hebb", 1): (False, [3])}


def test_nested_names_are_mentions_too() -> None:
    names = collect_names([], ["New York", "New York University", "York"], cased=True)
    found = pairs_of(names, [("", ["He left New York University."])])
    assert set(found) == {("New York", 0), ("New York University", 0), ("York", 0)}


def test_all_sentences_of_a_passage_name_its_title() -> None:
    names = collect_names([passage("Hebb")], [], cased=True)
    found = pairs_of(names, [("Hebb", ["He taught.", "He retired."])])
    assert found == {("Hebb", 0): (True, [0, 1])}


def test_all_sentences_of_a_passage_name_what_stands_inside_its_title() -> None:
    names = collect_names([passage("Paris in the Fall")], ["Paris"], cased=True)
    found = pairs_of(names, [("Paris in the Fall", ["It is a song.", "It was sung."])])
    assert found[("Paris", 0)] == (False, [0, 1])


def test_a_title_in_small_letters_is_the_title_all_the_same() -> None:
    names = collect_names([passage("place cells")], [], cased=True)
    found = pairs_of(names, [("place cells", ["They fire."]), ("", ["Place cells fire here."])])
    assert found == {("place cells", 0): (True, [0]), ("place cells", 1): (False, [1])}


def test_an_ambiguous_name_pairs_with_all_that_it_may_mean() -> None:
    titles = ["Mercury (planet)", "Mercury (god)"]
    names = collect_names([passage(title) for title in titles], [], cased=True)
    found = pairs_of(names, [(titles[0], ["It is hot."]), (titles[1], ["Mercury ran."])])
    assert found == {
        ("Mercury (planet)", 0): (True, [0]),
        ("Mercury (god)", 0): (False, [0]),
        ("Mercury (planet)", 1): (False, [1]),
        ("Mercury (god)", 1): (True, [1]),
    }


def test_a_name_in_small_letters_is_no_mention_where_there_is_case() -> None:
    names = collect_names([], ["Apple"], cased=True)
    corpus = [("", ["He ate an apple.", "Apple grew."])]
    assert pairs_of(names, corpus) == {("Apple", 0): (False, [1])}
    assert pairs_of(names, corpus, cased=False) == {("Apple", 0): (False, [0, 1])}


def test_inflected_possessive_and_dotted_mentions_are_found() -> None:
    names = collect_names([], ["Москва", "Cajal", "HM"], cased=True)
    found = pairs_of(
        names, [("", ["Он жил в Москве.", "Cajal’s drawings.", "They met H.M. often."])]
    )
    assert found == {
        ("Москва", 0): (False, [0]),
        ("Cajal", 0): (False, [1]),
        ("HM", 0): (False, [2]),
    }


def test_chinese_names_are_found_inside_running_text() -> None:
    names = collect_names([passage("北京大学")], ["北京"], cased=False)
    found = pairs_of(names, [("北京大学", ["它很大。"]), ("", ["他在北京大学教书。"])], cased=False)
    assert found == {
        ("北京大学", 0): (True, [0]),
        ("北京", 0): (False, [0]),
        ("北京大学", 1): (False, [1]),
        ("北京", 1): (False, [1]),
    }


def test_pairs_are_ordered_and_found_from_both_sides() -> None:
    names = collect_names([], ["Hebb", "Milner"], cased=True)
    corpus = [("", ["Milner met Hebb."]), ("", ["Nobody."]), ("", ["Hebb."])]
    pairs = table_of(names, corpus, cased=True)
    assert pairs.indptr.tolist() == [0, 2, 3]
    assert pairs.entry.tolist() == [0, 0, 1]
    assert pairs.passage.tolist() == [0, 2, 0]
    assert [pairs.by_passage.row(number).tolist() for number in range(3)] == [[0, 2], [], [1]]


def test_an_empty_corpus_has_no_pairs() -> None:
    names = collect_names([], [], cased=True)
    pairs = table_of(names, [], cased=True)
    assert (pairs.indptr.tolist(), len(pairs.entry), len(pairs.by_passage)) == ([0], 0, 0)


def test_the_table_finds_each_surface_under_its_key() -> None:
    names = collect_names(
        [passage("Mercury (planet)"), passage("Mercury (god)")], ["H.M."], cased=True
    )
    table = gazetteer_table(names, {"mercury (god)": 7, "h.m": 3})
    keys = table.key.tolist()
    assert keys == sorted(keys)
    for row, surface in enumerate(table.surface):
        assert keys[row] == key_of(surface)
        assert table.entries.row(row).tolist() == names.meanings[surface]
    assert list(table.label) == ["Mercury (god)", "Mercury (planet)", "H.M."]
    assert [table.titled.row(entry).tolist() for entry in range(3)] == [[1], [0], []]


def test_the_table_knows_the_entity_of_the_same_name() -> None:
    names = collect_names([passage("Mercury")], ["H.M.", "Venus"], cased=True)
    table = gazetteer_table(names, {"mercury": 4, "h.m": 2})
    assert dict(zip(table.label, table.entity.tolist(), strict=True)) == {
        "Mercury": 4,
        "H.M.": 2,
        "Venus": -1,
    }
    assert table.entity.dtype == np.int32


def test_a_corpus_has_case_if_a_fifth_of_its_passages_has() -> None:
    assert corpus_has_case(np.array([True, False, False, False, False]))
    assert not corpus_has_case(np.array([True, False, False, False, False, False]))
