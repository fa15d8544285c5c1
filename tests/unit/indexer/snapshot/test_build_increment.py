"""Building from an earlier snapshot: the same bytes as from nothing, with less work."""

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.snapshot.build import build_snapshot
from indexer.snapshot.synonyms import link_synonyms
from inference.embedder import Kind, Progress, Vectors
from kg.memory import MemoryStore
from kg.records import Extraction, NamedEntity
from kg.snapshot import Snapshot, SnapshotWriter
from kg.snapshot.container import Manifest
from kg.store import Change
from kg.tokens import Token, tokenise
from tests.doubles.corpus import COLLECTION, Note, delete, empty_store, put
from tests.doubles.hash_embedder import HashEmbedder

_TITLES = (
    "",
    "Hebb",
    "Donald Hebb",
    "York (city)",
    "York (duke)",
    "york city",
    "York, England",
    "The Octopus",
    "Octopus",
    "McGill in Montreal",
    "…",
)
_NAMES = ("Hebb", "York", "York city", "Octopus", "Milner", "H.M.", "HM", "1953", "Москва", "北京")
_WORDS = (
    "of",
    "taught",
    "memory",
    "city",
    "Moscow",
    "Москве",
    "ﷺ",
    "H.M.",
    "it",
    "octopus",
    "北京大学",
)


class Counting(HashEmbedder):
    """Keeps what it was asked for."""

    def __init__(self) -> None:
        super().__init__(8)
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str], kind: Kind, progress: Progress | None = None) -> Vectors:
        self.asked += texts
        return super().embed(texts, kind, progress)


def built(store: MemoryStore, previous: Snapshot | None = None) -> Snapshot:
    with store.read(COLLECTION) as reader:
        return build_snapshot(reader, HashEmbedder(8), previous=previous)


class Columns(SnapshotWriter):
    """What would be written: each array's type, shape and bytes, and what the manifest says."""

    def __post_init__(self) -> None:
        self.found: dict[str, object] = {}

    def put(self, name: str, array: npt.NDArray[Any]) -> None:
        self.found[name] = (array.dtype, array.shape, array.tobytes())

    def finish(self, **said: Any) -> Manifest:
        self.found |= said
        return Manifest(files={}, **said)


def columns(snapshot: Snapshot) -> dict[str, object]:
    writer = Columns(Path())
    snapshot.write(writer)
    return writer.found


def assert_same(one: Snapshot, other: Snapshot) -> None:
    """Equal to the byte, the manifest too."""
    found, wanted = columns(one), columns(other)
    assert [name for name in wanted if found[name] != wanted[name]] == []
    assert found.keys() == wanted.keys()


@st.composite
def notes(draw: st.DrawFn) -> Note:
    words = st.lists(st.sampled_from(_NAMES + _WORDS), min_size=1, max_size=6)
    sentences = draw(st.lists(words, min_size=1, max_size=3))
    return Note(
        title=draw(st.sampled_from(_TITLES)),
        text=" ".join(f"{' '.join(['So', *sentence])}." for sentence in sentences),
        names=tuple(draw(st.lists(st.sampled_from(_NAMES), max_size=3))),
        triples=tuple(
            draw(
                st.lists(
                    st.tuples(st.sampled_from(_NAMES), st.just("knew"), st.sampled_from(_NAMES)),
                    max_size=2,
                )
            )
        ),
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(history=st.lists(st.tuples(st.lists(notes(), max_size=4), st.randoms()), max_size=5))
def test_after_any_history_it_equals_a_build_from_nothing(
    history: list[tuple[list[Note], random.Random]],
) -> None:
    store, present, previous = empty_store(), list[Note](), None
    for incoming, chance in history:
        gone = chance.sample(present, chance.randint(0, len(present)))
        put(store, incoming)
        delete(store, [one for one in gone if one not in incoming])
        present = [one for one in present if one not in gone] + incoming
        for one in chance.sample(present, min(1, len(present))):
            _extract(store, one, chance.sample(_NAMES, 2))
        if chance.random() < 0.8:
            link_synonyms(store, COLLECTION, HashEmbedder(8))
        if chance.random() < 0.7:
            before, previous = previous, built(store)
            assert_same(built(store, before), previous)
    assert_same(built(store, previous), built(store))


def _extract(store: MemoryStore, one: Note, names: Sequence[str]) -> None:
    """Another extractor's names for a note's passage."""
    entities = tuple(NamedEntity(name=name) for name in names)
    found = Extraction(passage_id=one.passage.id, extractor="another", entities=entities)
    store.commit(COLLECTION, Change(extractions=(found,)))


HEBB = Note(title="Hebb", text="He taught Milner. He wrote.", names=("Milner",))
OTHER = Note(title="Lashley", text="A student met Penfield there.", names=("Lashley",))
PENFIELD = Note(title="Penfield", text="He operated. Lashley watched.", names=("Penfield",))


def pairs(snapshot: Snapshot) -> set[tuple[str, str]]:
    """(entry, title of the passage that names it)."""
    labels, titles = list(snapshot.gazetteer.label), list(snapshot.passages.title)
    table = snapshot.pairs
    return {
        (labels[entry], titles[passage])
        for entry, passage in zip(table.entry, table.passage, strict=True)
    }


def test_a_name_that_came_is_found_in_old_passages() -> None:
    store = empty_store()
    put(store, [HEBB, OTHER])
    before = built(store)
    assert ("Penfield", "Lashley") not in pairs(before)
    put(store, [PENFIELD])
    assert ("Penfield", "Lashley") in pairs(built(store, before))


def test_a_name_that_went_loses_its_pairs() -> None:
    store = empty_store()
    put(store, [HEBB, OTHER, PENFIELD])
    before = built(store)
    delete(store, [PENFIELD])
    after = pairs(built(store, before))
    assert ("Penfield", "Lashley") not in after
    assert ("Lashley", "Lashley") in after


def weak(snapshot: Snapshot) -> set[tuple[str, str]]:
    """(label, title of the passage) of the pairs that are weak."""
    labels, titles = list(snapshot.gazetteer.label), list(snapshot.passages.title)
    table = snapshot.pairs
    return {
        (labels[table.entry[row]], titles[table.passage[row]]) for row in np.flatnonzero(table.weak)
    }


def test_a_longer_name_that_comes_and_goes_makes_the_shorter_weak_and_strong_again() -> None:
    store, longer = empty_store(), Note(title="Donald Hebb", text="So.")
    put(store, [Note(title="Hebb", text="Yes."), Note(title="Old", text="He met Donald Hebb.")])
    first = built(store)
    put(store, [longer])
    second = built(store, first)
    delete(store, [longer])
    third = built(store, second)
    assert (weak(first), weak(third)) == (set(), set())
    assert ("Hebb", "Old") in weak(second)


def test_a_title_that_loses_an_alias_loses_its_pairs_and_gets_them_back() -> None:
    alias, title = Note(title="York (city)", text="It is old."), Note(title="York city", text="So.")
    store = empty_store()
    put(store, [alias, title, Note(title="Hebb", text="He left York.")])
    first = built(store)
    delete(store, [alias])
    second = built(store, first)
    put(store, [alias])
    third = built(store, second)
    assert ("York (city)", "Hebb") in pairs(first)
    assert pairs(second) == {("York city", "York city"), ("Hebb", "Hebb")}
    assert pairs(third) == pairs(first)


def test_what_did_not_change_is_not_embedded_again() -> None:
    store, embedder = empty_store(), Counting()
    put(store, [HEBB, OTHER])
    before = built(store)
    put(store, [PENFIELD])
    with store.read(COLLECTION) as reader:
        build_snapshot(reader, embedder, previous=before)
    assert sorted(embedder.asked) == [
        "Penfield\nHe operated. Lashley watched.",
        "Penfield: He operated.",
        "Penfield: Lashley watched.",
        "penfield",
    ]


def test_only_passages_with_the_words_of_a_new_name_are_read_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store, read = empty_store(), list[str]()
    put(store, [HEBB, OTHER])
    before = built(store)
    put(store, [PENFIELD])

    def spy(text: str) -> list[Token]:
        read.append(text)
        return tokenise(text)

    monkeypatch.setattr("indexer.snapshot.mentions.tokenise", spy)
    built(store, before)
    assert "A student met Penfield there." in read
    assert "He taught Milner." not in read


def test_a_snapshot_of_another_model_rules_or_collection_is_not_built_upon() -> None:
    store = empty_store()
    put(store, [HEBB, OTHER])
    good = built(store)
    vectors = np.zeros_like(good.passages.vectors)
    wrong = replace(good, passages=replace(good.passages, vectors=vectors))
    assert columns(built(store, wrong)) != columns(good)
    for other in (
        replace(wrong, embedder="another"),
        replace(wrong, collection="another"),
        replace(wrong, rules="others"),
        replace(wrong, rules=""),
    ):
        assert_same(built(store, other), good)


def test_where_the_code_cannot_be_read_all_is_built_from_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = empty_store()
    put(store, [HEBB])
    monkeypatch.setattr("indexer.snapshot.earlier.rules", str)
    monkeypatch.setattr("indexer.snapshot.build.rules", str)
    first = built(store)
    put(store, [OTHER])
    assert_same(built(store, first), built(store))


def test_a_corpus_that_loses_its_case_is_read_anew() -> None:
    plain = [Note(text=f"he met hebb in {year}.", names=("hebb",)) for year in range(1900, 1912)]
    store = empty_store()
    put(store, [HEBB, *plain[:2]])
    before = built(store)
    put(store, plain)
    after = built(store, before)
    assert (before.cased, after.cased) == (True, False)
    assert_same(after, built(store))
