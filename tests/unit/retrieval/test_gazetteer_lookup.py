"""Looking names up."""

from dataclasses import replace

import numpy as np

from indexer.gazetteer import collect_names, gazetteer_table
from kg.records import Passage
from kg.snapshot import Ragged, Snapshot, Strings
from kg.surfaces import key_of
from retrieval.gazetteer import GazetteerLookup
from tests.doubles.snapshots import Handmade


def snapshot(titles: list[str], names: list[str]) -> Snapshot:
    passages = [Passage(id=title, title=title, heading="", text="") for title in titles]
    table = gazetteer_table(collect_names(passages, names, cased=True), {})
    return replace(Handmade().snapshot(), gazetteer=table)


def test_a_surface_is_known_with_the_entry_it_means() -> None:
    lookup = GazetteerLookup(snapshot(["Hebb", "Milner"], ["Москва"]))
    assert [lookup.entries(one) for one in ("hebb", "milner", "москв")] == [[0], [1], [2]]
    assert lookup.known("москв")


def test_an_ambiguous_surface_means_several_entries() -> None:
    lookup = GazetteerLookup(snapshot(["Mercury (god)", "Mercury (planet)"], []))
    assert lookup.entries("mercury") == [0, 1]


def test_what_is_not_there_is_unknown() -> None:
    lookup = GazetteerLookup(snapshot(["Hebb"], []))
    assert not lookup.known("hebbs")
    assert not lookup.known("")
    assert lookup.entries("hebbs") == []


def test_an_empty_gazetteer_knows_nothing() -> None:
    lookup = GazetteerLookup(snapshot([], []))
    assert not lookup.known("hebb")
    assert lookup.among(["hebb"]) == set()


def test_every_one_of_many_surfaces_is_found() -> None:
    names = [f"Name{number}" for number in range(500)]
    lookup = GazetteerLookup(snapshot([], names))
    found = {entry for name in names for entry in lookup.entries(name.lower())}
    assert found == set(range(500))
    assert not any(lookup.known(f"other{number}") for number in range(500))
    assert lookup.among(["name7", "other7", "name499"]) == {"name7", "name499"}


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
    assert lookup.entries("hebb") == [1]
    assert lookup.among(["hebb"]) == {"hebb"}
