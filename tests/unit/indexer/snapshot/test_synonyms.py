"""Synonym links."""

import random
from collections.abc import Mapping, Sequence
from zlib import crc32

import numpy as np
import pytest

from indexer.progress import StepProgress
from indexer.snapshot import nearness, synonyms
from indexer.snapshot.build import build_snapshot
from indexer.snapshot.synonyms import link_synonyms
from inference.embedder import Kind, Progress, Vectors
from kg.errors import StoreUnavailable
from kg.memory import MemoryStore
from kg.records import CollectionSettings, Synonym
from tests.doubles.corpus import COLLECTION, Note, delete, empty_store, note, put

Links = dict[tuple[str, str], float]


class PlacedEmbedder:
    """Vectors by name: those given, and elsewhere one drawn from the name, in few dimensions so
    that many are near to each other."""

    def __init__(self, places: Mapping[str, Sequence[float]] | None = None) -> None:
        self._places = places or {}
        self.asked: list[str] = []

    @property
    def model_id(self) -> str:
        return "placed"

    @property
    def dimension(self) -> int:
        return 3

    @property
    def max_tokens(self) -> int:
        return 256

    def count_tokens(self, text: str) -> int:
        return len(text)

    def embed(self, texts: Sequence[str], kind: Kind, progress: Progress | None = None) -> Vectors:
        self.asked += texts
        rows = np.array([self._place(text) for text in texts], dtype=np.float64).reshape(-1, 3)
        vectors: Vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
        return vectors

    def _place(self, text: str) -> Sequence[float]:
        drawn: list[float] = np.random.default_rng(crc32(text.encode())).normal(size=3).tolist()
        return self._places.get(text, drawn)


def links(store: MemoryStore) -> Links:
    """(name, name) -> score."""
    with store.read(COLLECTION) as reader:
        names = {entity.id: entity.name for entity in reader.entities()}
        return {
            (names[link.source_id], names[link.target_id]): link.score for link in reader.synonyms()
        }


def linked(notes: Sequence[Note], embedder: PlacedEmbedder) -> Links:
    store = empty_store()
    put(store, notes)
    link_synonyms(store, COLLECTION, embedder)
    return links(store)


def reference(store: MemoryStore, embedder: PlacedEmbedder, most: int) -> Links:
    """All cosines of all entities, and of each entity's the best."""
    with store.read(COLLECTION) as reader:
        entities = [one for one in reader.entities() if sum(map(str.isalnum, one.name)) >= 3]
    vectors = embedder.embed([one.name for one in entities], "entity").astype(np.float64)
    cosines = (vectors @ vectors.T).round(6)
    found: Links = {}
    for row, source in enumerate(entities):
        near = [
            (-cosines[row, other], target.id, target.name)
            for other, target in enumerate(entities)
            if other != row and cosines[row, other] >= 0.8
        ]
        found |= {(source.name, name): -minus for minus, _, name in sorted(near)[:most]}
    return found


def test_near_names_are_linked_in_both_directions_with_their_cosine() -> None:
    places = {"hebb": (1.0, 0.0, 0.0), "d. hebb": (0.8, 0.6, 0.0), "milner": (0.0, 0.0, 1.0)}
    found = linked([note("text", names="Hebb, D. Hebb, Milner")], PlacedEmbedder(places))
    assert found == {("hebb", "d. hebb"): 0.8, ("d. hebb", "hebb"): 0.8}


def test_a_cosine_below_the_threshold_is_no_link() -> None:
    places = {"hebb": (1.0, 0.0, 0.0), "herb": (0.7999, 0.60013, 0.0)}
    assert linked([note("text", names="Hebb, Herb")], PlacedEmbedder(places)) == {}


def test_names_of_fewer_than_three_letters_are_not_linked() -> None:
    names = ["Mr", "Mrs", "H.M.", "北京", "北", "77"]
    places = dict.fromkeys(("mr", "mrs", "h.m", "北京", "北", "77"), (1.0, 0.0, 0.0))
    found = linked([note("text", names=", ".join(names))], PlacedEmbedder(places))
    assert set(found) == {("mrs", "北京"), ("北京", "mrs")}


def test_an_empty_collection_has_nothing_to_link() -> None:
    assert link_synonyms(empty_store(), COLLECTION, PlacedEmbedder()) == 0


def test_names_that_are_all_too_short_are_linked_to_nothing() -> None:
    store = empty_store()
    put(store, [note("text", names="Mr, Dr")])
    assert link_synonyms(store, COLLECTION, PlacedEmbedder()) == 2
    assert links(store) == {}


def test_what_is_linked_is_not_looked_up_again() -> None:
    store = empty_store()
    put(store, [note("text", names="Hebb, Milner")])
    assert link_synonyms(store, COLLECTION, PlacedEmbedder()) == 2
    assert link_synonyms(store, COLLECTION, PlacedEmbedder()) == 0
    put(store, [note("more", names="Hebb, Penfield")])
    assert link_synonyms(store, COLLECTION, PlacedEmbedder()) == 1


def test_links_do_not_raise_the_revision() -> None:
    store = empty_store()
    put(store, [note("text", names="Hebb, Hebbs")])
    before = store.collection(COLLECTION).revision
    link_synonyms(store, COLLECTION, PlacedEmbedder({"hebb": (1, 0, 0), "hebbs": (1, 0, 0)}))
    assert store.collection(COLLECTION).revision == before


def test_progress_counts_the_entities_that_were_not_linked() -> None:
    store = empty_store()
    put(store, [note("text", names="Hebb, Milner, Mr")])
    told: list[StepProgress] = []
    link_synonyms(store, COLLECTION, PlacedEmbedder(), told.append)
    assert told == [StepProgress(step="synonyms", done=3, total=3)]


def test_names_that_the_snapshot_before_has_are_not_embedded_again() -> None:
    store, embedder = empty_store(), PlacedEmbedder()
    put(store, [note("text", names="Hebb, Milner")])
    with store.read(COLLECTION) as reader:
        before = build_snapshot(reader, embedder)
    put(store, [note("more", names="Hebb, Penfield")])
    embedder.asked.clear()
    link_synonyms(store, COLLECTION, embedder, previous=before)
    assert embedder.asked == ["penfield"]


def crowd(chance: random.Random, count: int) -> list[Note]:
    """Notes that share some of their names, which are words of three to five letters."""
    words = ["".join(chance.choices("abcde", k=chance.randint(3, 5))) for _ in range(3 * count)]
    return [
        note(f"note {number}", names=", ".join(chance.sample(words, 3))) for number in range(count)
    ]


@pytest.mark.parametrize("most", [2, 5, 100])
@pytest.mark.parametrize("seed", range(4))
def test_linking_in_parts_with_deletions_equals_linking_all_at_once(
    seed: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(synonyms, "MOST", most)
    monkeypatch.setattr(synonyms, "_HELD", 5)
    monkeypatch.setattr(nearness, "_ROWS", 4)
    monkeypatch.setattr(nearness, "_COLUMNS", 7)
    chance, embedder = random.Random(seed), PlacedEmbedder()
    monkeypatch.setattr(nearness, "_CROWDED", chance.choice((0, 10)))
    waiting, store = crowd(chance, 24), empty_store()
    present: list[Note] = []
    while waiting:
        part = [waiting.pop() for _ in range(min(len(waiting), chance.randint(1, 7)))]
        gone = chance.sample(present, chance.randint(0, len(present) // 2))
        put(store, part)
        delete(store, gone)
        present = [one for one in [*present, *part] if one not in gone]
        link_synonyms(store, COLLECTION, embedder)
        assert links(store) == pytest.approx(reference(store, embedder, most), abs=1.1e-6)
    assert links(store) == linked(present, embedder)
    assert len(links(store)) > 10


def test_a_neighbour_cut_off_comes_back_when_a_nearer_one_goes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(synonyms, "MOST", 1)
    places = {"aaa": (1.0, 0.0, 0.0), "near": (0.99, 0.141067, 0.0), "far": (0.9, 0.0, 0.43589)}
    embedder, store = PlacedEmbedder(places), empty_store()
    middle, near, far = (note(name, names=name) for name in places)
    put(store, [middle, far])
    link_synonyms(store, COLLECTION, embedder)
    assert set(links(store)) == {("aaa", "far"), ("far", "aaa")}
    put(store, [near])
    link_synonyms(store, COLLECTION, embedder)
    assert set(links(store)) == {("aaa", "near"), ("near", "aaa"), ("far", "aaa")}
    delete(store, [near])
    link_synonyms(store, COLLECTION, embedder)
    assert set(links(store)) == {("aaa", "far"), ("far", "aaa")}


def test_of_many_names_in_one_place_each_has_the_hundred_of_the_least_ids() -> None:
    names = [f"name {number}" for number in range(250)]
    places = dict.fromkeys(names, (1.0, 0.0, 0.0))
    found = linked([note("text", names=", ".join(names))], PlacedEmbedder(places))
    assert len(found) == 250 * 100
    assert len({target for _, target in found}) == 101


class Dying(MemoryStore):
    """A store that sets the synonyms of so many sources, in their order, and then is away; None: of
    all."""

    sources_left: int | None = None

    def replace_synonyms(
        self, collection: str, sources: Sequence[str], synonyms: Sequence[Synonym]
    ) -> None:
        some = sources[: self.sources_left]
        of_these = [link for link in synonyms if link.source_id in some]
        super().replace_synonyms(collection, some, of_these)
        if self.sources_left is not None:
            raise StoreUnavailable("gone")


def test_what_was_linked_halfway_is_linked_whole_the_next_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(synonyms, "MOST", 3)
    names = [f"name{number}" for number in range(24)]
    first, others = ", ".join(names[:12]), ", ".join(names[12:])
    embedder = PlacedEmbedder()
    expected: Links | None = None
    for sources in (None, 0, 1, 6, 13, 20):
        store = Dying()
        store.create_collection(COLLECTION, CollectionSettings(extractor="by hand"))
        put(store, [note("first", names=first)])
        link_synonyms(store, COLLECTION, embedder)
        put(store, [note("others", names=others)])
        store.sources_left = sources
        if sources is None:
            link_synonyms(store, COLLECTION, embedder)
            expected = links(store)
            continue
        with pytest.raises(StoreUnavailable):
            link_synonyms(store, COLLECTION, embedder)
        with store.read(COLLECTION) as reader:
            assert reader.unlinked(), "or nobody would find the rest"
        store.sources_left = None
        link_synonyms(store, COLLECTION, embedder)
        assert links(store) == expected
