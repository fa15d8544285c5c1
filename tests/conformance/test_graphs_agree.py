"""Whatever is done to them, all stores hold the same graph."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg.dump import dump
from kg.errors import CollectionNotFound
from kg.memory import MemoryStore
from kg.neo4j import Neo4jStore
from kg.records import CollectionSettings, Extraction, NamedEntity, Triple
from kg.sqlite import SQLiteStore
from kg.store import Change, DocumentGraph
from tests.conformance.material import (
    COLLECTION,
    SETTINGS,
    Store,
    document_id,
    entity_id,
    graph,
    link,
    passage_id,
    synonym,
    with_fingerprint,
)
from tests.servers.neo4j import Neo4jServer

SOURCES = st.sampled_from("abcd")
TEXTS = st.sampled_from(["one", "two", "three", "four", "five", "six"])
NAMES = st.sampled_from(["Ann", "ANN", "ann", "Bob", "Çid", "丹", "Eve!", "…"])
RELATIONS = st.sampled_from(["likes", "Likes", "knows"])
EXTRACTORS = st.sampled_from(["hand", "other"])
TYPES = st.sampled_from(["", "PERSON", "ORG"])
RELAXED = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
Operation: TypeAlias = Callable[[Store], Any]
"""Does something to a store and returns what it answers."""

graphs: st.SearchStrategy[DocumentGraph] = st.builds(
    lambda source, texts, fingerprint: with_fingerprint(graph(source, *texts), fingerprint),
    SOURCES,
    st.lists(TEXTS, max_size=4),
    st.sampled_from("xy"),
)
extractions: st.SearchStrategy[Extraction] = st.builds(
    Extraction,
    passage_id=TEXTS.map(passage_id),
    extractor=EXTRACTORS,
    entities=st.lists(st.builds(NamedEntity, name=NAMES, type=TYPES), max_size=2).map(tuple),
    triples=st.lists(
        st.builds(Triple, subject=NAMES, relation=RELATIONS, object=NAMES), max_size=3
    ).map(tuple),
    failure=st.sampled_from(["", "", "bad"]),
)
changes: st.SearchStrategy[Change] = st.builds(
    Change,
    put=st.lists(graphs, max_size=3).map(tuple),
    delete=st.lists(SOURCES.map(document_id), max_size=2).map(tuple),
    extractions=st.lists(extractions, max_size=4).map(tuple),
)
pairs = st.tuples(NAMES, NAMES).map(lambda pair: synonym(pair[0].lower(), pair[1].lower()))


def commit(change: Change) -> Operation:
    return lambda store: store.commit(COLLECTION, change)


def save(found: list[Extraction]) -> Operation:
    return lambda store: store.save_extractions(COLLECTION, found)


def prune(_: None) -> Operation:
    return lambda store: store.prune_extractions(COLLECTION)


def set_synonyms(links: list[Any]) -> Operation:
    sources = sorted({one.source_id for one in links} | {entity_id("bob")})
    return lambda store: store.replace_synonyms(COLLECTION, sources, links)


def forget(_: None) -> Operation:
    return lambda store: store.forget_synonyms(COLLECTION)


def configure(extractor: str) -> Operation:
    wanted = CollectionSettings(extractor=extractor)
    return lambda store: store.update_settings(COLLECTION, wanted)


operations: st.SearchStrategy[Operation] = st.one_of(
    changes.map(commit),
    changes.map(commit),
    changes.map(commit),
    st.lists(extractions, max_size=3).map(save),
    st.lists(pairs, max_size=4).map(set_synonyms),
    st.none().map(forget),
    st.none().map(prune),
    EXTRACTORS.map(configure),
)


@pytest.fixture(scope="module")
def sqlite() -> Iterator[SQLiteStore]:
    with tempfile.TemporaryDirectory() as folder:
        store = SQLiteStore(Path(folder) / "ammon.sqlite")
        yield store
        store.close()


def empty(store: Store) -> Store:
    with suppress(CollectionNotFound):
        store.delete_collection(COLLECTION)
    store.create_collection(COLLECTION, SETTINGS)
    return store


def state(store: Store) -> dict[str, Any]:
    """All that can be asked of a collection."""
    every_passage = [passage_id(text) for text in ("one", "two", "three", "four", "five", "six")]
    with store.read(COLLECTION) as reader:
        revision = reader.collection.revision
        return {
            "collection": reader.collection,
            "dump": list(dump(reader)),
            "extractions": list(reader.extractions()),
            "unlinked": list(reader.unlinked()),
            "counts": reader.counts(),
            "fingerprints": store.fingerprints(COLLECTION),
            "changes": [store.changes_since(COLLECTION, one) for one in range(revision + 1)],
            "saved": [
                store.saved_extractions(COLLECTION, extractor, every_passage)
                for extractor in ("hand", "other")
            ],
        }


def check_alike(other: Store, steps: list[Operation]) -> None:
    stores = [empty(MemoryStore()), empty(other)]
    for step in steps:
        answers = [step(store) for store in stores]
        assert answers[0] == answers[1]
        first, second = map(state, stores)
        assert first == second


@RELAXED
@given(st.lists(operations, max_size=8))
def test_both_stores_answer_alike_after_every_operation(
    sqlite: SQLiteStore, steps: list[Operation]
) -> None:
    check_alike(sqlite, steps)


def test_neo4j_answers_like_them(empty_neo4j: Neo4jServer) -> None:
    store = Neo4jStore(empty_neo4j.uri, empty_neo4j.user, empty_neo4j.password)

    @settings(RELAXED, max_examples=12)
    @given(st.lists(operations, min_size=4, max_size=8))
    def answers_like_them(steps: list[Operation]) -> None:
        check_alike(store, steps)

    answers_like_them()
    store.close()


@RELAXED
@given(
    st.lists(changes, max_size=4),
    st.lists(changes, max_size=3),
    st.randoms(use_true_random=False),
)
def test_deleting_what_came_later_leaves_the_graph_that_never_saw_it(
    sqlite: SQLiteStore, first: list[Change], second: list[Change], order: Any
) -> None:
    """Documents of the second batch have sources of their own, but may share passages."""
    for store in (MemoryStore(), sqlite):
        empty(store)
        for change in first:
            store.commit(COLLECTION, change)
        link(store)
        before = state(store)
        later = [other_sources(change) for change in second]
        for change in later:
            store.commit(COLLECTION, change)
            link(store)
        gone = [one.document.id for change in later for one in change.put]
        order.shuffle(gone)
        for one in gone:
            store.commit(COLLECTION, Change(delete=(one,)))
        link(store)
        after = state(store)
        assert after["dump"] == before["dump"]
        assert after["unlinked"] == before["unlinked"]


def other_sources(change: Change) -> Change:
    """The same texts in other documents, each passage extracted only if it is a new one."""
    put = tuple(
        graph(f"later {one.document.source}", *(f"{text} later" for text in text_of(one)), "one")
        for one in change.put
    )
    found = tuple(
        replace(one, passage_id=passage_id(f"{text} later"))
        for one in change.extractions
        for text in ("one", "two", "three", "four", "five", "six")
        if one.passage_id == passage_id(text)
    )
    return Change(put=put, extractions=found)


def text_of(given: DocumentGraph) -> list[str]:
    text = {one.id: one.text for one in given.passages}
    return [text[place.passage_id] for place in given.placements]
