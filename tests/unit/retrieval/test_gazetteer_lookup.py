"""Looking names up."""

from dataclasses import replace

import numpy as np
import pytest

from indexer.snapshot.gazetteer import collect_names, gazetteer_table
from kg.records import Passage
from kg.snapshot import Ragged, Snapshot, Strings
from kg.surfaces import key_of
from kg.tokens import tokens_of
from retrieval.gazetteer import GazetteerLookup
from tests.doubles.names import found_by
from tests.doubles.snapshots import Handmade


def snapshot(titles: list[str], names: list[str]) -> Snapshot:
    passages = [Passage(id=title, title=title, heading="", text="") for title in titles]
    table = gazetteer_table(collect_names(passages, names, cased=True), {})
    return replace(Handmade().snapshot(), gazetteer=table)


def test_a_surface_is_known_with_the_entry_it_means() -> None:
    lookup = GazetteerLookup(snapshot(["Hebb", "Milner"], ["Москва"]))
    assert [lookup.entries(one) for one in ("hebb", "milner", "москв")] == [(0,), (1,), (2,)]
    assert lookup.known("москв")


def test_an_ambiguous_surface_means_several_entries() -> None:
    lookup = GazetteerLookup(snapshot(["Mercury (god)", "Mercury (planet)"], []))
    assert lookup.entries("mercury") == (0, 1)


def test_what_is_not_there_is_unknown() -> None:
    lookup = GazetteerLookup(snapshot(["Hebb"], []))
    assert not lookup.known("hebbs")
    assert not lookup.known("")
    assert lookup.entries("hebbs") == ()


def test_an_empty_gazetteer_knows_nothing() -> None:
    lookup = GazetteerLookup(snapshot([], []))
    assert not lookup.known("hebb")
    assert lookup.names(tokens_of("Hebb"), True) == ([], [])


def test_every_one_of_many_surfaces_is_found() -> None:
    names = [f"Name{number}" for number in range(500)]
    lookup = GazetteerLookup(snapshot([], names))
    found = {entry for name in names for entry in lookup.entries(name.lower())}
    assert found == set(range(500))
    assert not any(lookup.known(f"other{number}") for number in range(500))


def test_surfaces_whose_keys_are_equal_are_told_apart() -> None:
    made = snapshot(["Hebb"], [])
    key = np.full(2, key_of("hebb"), dtype=np.uint64)
    table = replace(
        made.gazetteer,
        key=key,
        surface=Strings.of(["a stranger", "hebb"]),
        entries=Ragged.from_rows([[0], [1]]),
    )
    lookup = GazetteerLookup(replace(made, gazetteer=table))
    assert lookup.entries("hebb") == (1,)
    assert lookup.names(tokens_of("Hebb"), True) == ([(0, 0, (1,))], [1])


@pytest.mark.parametrize("cased", [True, False])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "?",
        "Did Hebb teach Brenda Milner of New York at McGill in 1950, or 12 of them?",
        "did brenda milner leave new york?",
        "Где жил Пётр Чайковский, и 東京 は 遠い?",
        "Name7 " * 40,
        f"Was {'Longwordedname ' * 12}there?",
    ],
)
def test_the_names_in_a_text_are_all_spans_that_are_known(text: str, cased: bool) -> None:
    titles = ["Hebb", "Brenda Milner", "Milner", "New York", "York", "1950", "12", "Name7 Name7"]
    titles += ["Пётр Чайковский", "東京", "Longwordedname " * 12]
    lookup, tokens = GazetteerLookup(snapshot(titles, [])), tokens_of(text)
    expected = found_by(lambda surface: lookup.entries(surface) or None)
    assert lookup.names(tokens, cased) == expected(tokens, cased)


@pytest.mark.parametrize(
    ("titles", "longest"),
    [
        (["Pim Quo Rex", "Pim", "Rex Sol", "Sol"], [(0, 2), (3, 3)]),
        (["Quo Rex", "Pim Quo", "Rex Sol"], [(0, 1), (2, 3)]),
        (["Pim", "Rex Sol"], [(0, 0), (2, 3)]),
        (["Rex Sol", "Quo Rex", "Quo Rex Sol", "Pim Quo"], [(1, 3)]),
    ],
)
def test_the_longest_names_win_and_of_equally_long_ones_the_earlier(
    titles: list[str], longest: list[tuple[int, int]]
) -> None:
    names, _ = GazetteerLookup(snapshot(titles, [])).names(tokens_of("Pim Quo Rex Sol"), True)
    assert [(first, last) for first, last, _ in names] == longest


def test_a_name_says_what_it_may_mean() -> None:
    lookup = GazetteerLookup(snapshot(["Hebb", "Mercury (god)", "Mercury (planet)"], []))
    names, entries = lookup.names(tokens_of("Did Hebb see Mercury?"), True)
    assert [meant for _, _, meant in names] == [(0,), (1, 2)]
    assert entries == [0, 1, 2]


@pytest.mark.parametrize("length", [1, 8, 127, 128, 129, 255, 256, 300])
def test_a_surface_of_any_length_is_found_by_its_key(length: int) -> None:
    made = snapshot(["Hebb"], [])
    surface = "é" * (length // 2) + "x" * (length % 2)
    keys = sorted([key_of(surface), 0, 2**64 - 1])
    texts = [surface if key == key_of(surface) else "a stranger" for key in keys]
    table = replace(
        made.gazetteer,
        key=np.array(keys, dtype=np.uint64),
        surface=Strings.of(texts),
        entries=Ragged.from_rows([[0], [1], [2]]),
    )
    lookup = GazetteerLookup(replace(made, gazetteer=table))
    assert lookup.entries(surface) == (1,)
