"""Small graphs to put into stores."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from threading import Event
from typing import TypeAlias

import pytest

from kg import ids
from kg.dump import dump_hash
from kg.memory import MemoryStore
from kg.neo4j import Neo4jStore
from kg.records import (
    JSON,
    CollectionSettings,
    Document,
    Extraction,
    NamedEntity,
    Passage,
    Placement,
    Synonym,
    Triple,
)
from kg.sqlite import SQLiteStore
from kg.store import Change, DocumentGraph

COLLECTION = "library"
SETTINGS = CollectionSettings(extractor="hand")
Store: TypeAlias = MemoryStore | SQLiteStore | Neo4jStore


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self._reading: tuple[Event, Event] | None = None

    def __call__(self) -> float:
        reading, self._reading = self._reading, None
        if reading:
            begun, go_on = reading
            begun.set()
            assert go_on.wait(60)
        return self.now

    @contextmanager
    def slow(self, first: Callable[[], object], others: Callable[[], object]) -> Iterator[None]:
        """Both at once, the others while the first is reading the clock; meanwhile the body."""
        begun, go_on = self._reading = Event(), Event()
        with ThreadPoolExecutor(2) as pool:
            try:
                waited_for = [pool.submit(first)]
                assert begun.wait(60)
                waited_for.append(pool.submit(others))
                wait(waited_for, 0.3)
                yield
            finally:
                go_on.set()
            for done in waited_for:
                done.result(60)


class StoreFixtures:
    """Fixtures of every suite; a test class for a store gives `store`, from `clock`."""

    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    def store(self, clock: Clock) -> Store:
        raise NotImplementedError("give a store to test")

    @pytest.fixture
    def library(self, store: Store) -> Store:
        """A store with an empty collection."""
        store.create_collection(COLLECTION, SETTINGS)
        return store


def passage_id(text: str) -> str:
    return ids.passage_id(COLLECTION, "", "", text)


def document_id(source: str) -> str:
    return ids.document_id(COLLECTION, source)


def entity_id(name: str) -> str:
    return ids.entity_id(COLLECTION, name)


def document(source: str, text: str = "", metadata: Mapping[str, JSON] | None = None) -> Document:
    return Document(
        id=document_id(source),
        fingerprint=ids.content_hash(source, text),
        source=source,
        title=f"On {source}",
        text=text,
        metadata=metadata or {},
    )


def graph(source: str, *texts: str) -> DocumentGraph:
    """A document of these passages, a line each; a text may occur several times."""
    record = document(source, "\n".join(texts))
    placements, start = [], 0
    for ordinal, text in enumerate(texts):
        end = start + len(text)
        placements.append(
            Placement(
                document_id=record.id,
                ordinal=ordinal,
                passage_id=passage_id(text),
                start=start,
                end=end,
            )
        )
        start = end + 1
    return DocumentGraph(
        document=record,
        placements=tuple(placements),
        passages=tuple(
            Passage(id=passage_id(text), title="", heading="", text=text)
            for text in dict.fromkeys(texts)
        ),
    )


def extraction(text: str, *triples: str, names: str = "", by: str = "hand") -> Extraction:
    """What is found in the passage of this text: 'Ann likes Bob', '…'; names: 'Ann/PERSON Oslo'."""
    return Extraction(
        passage_id=passage_id(text),
        extractor=by,
        entities=tuple(
            NamedEntity(name=name, type=type_)
            for name, _, type_ in (part.partition("/") for part in names.split())
        ),
        triples=tuple(
            Triple(subject=subject, relation=relation, object=object_)
            for subject, relation, object_ in (triple.split() for triple in triples)
        ),
    )


def written(source: str, *texts: str) -> Change:
    """A document whose passages 'Ann likes Bob' say just that."""
    found = (extraction(text, text) for text in dict.fromkeys(texts))
    return Change(put=(graph(source, *texts),), extractions=tuple(found))


def removed(*sources: str) -> Change:
    return Change(delete=tuple(map(document_id, sources)))


def synonym(source: str, target: str, score: float = 0.9) -> Synonym:
    return Synonym(source_id=entity_id(source), target_id=entity_id(target), score=score)


def link(store: Store, *pairs: str) -> None:
    """Link every unlinked entity; pairs: 'ann bob' makes bob a synonym of ann."""
    synonyms = [synonym(source, target) for source, target in map(str.split, pairs)]
    with store.read(COLLECTION) as reader:
        sources = reader.unlinked()
    store.replace_synonyms(COLLECTION, sources, synonyms)


def with_fingerprint(given: DocumentGraph, fingerprint: str) -> DocumentGraph:
    return replace(given, document=replace(given.document, fingerprint=fingerprint))


def names(store: Store) -> set[str]:
    """Normal forms of all entities."""
    with store.read(COLLECTION) as reader:
        return {entity.name for entity in reader.entities()}


def unlinked(store: Store) -> set[str]:
    """Normal forms of the entities whose synonyms are not known."""
    with store.read(COLLECTION) as reader:
        wanted = set(reader.unlinked())
        return {entity.name for entity in reader.entities() if entity.id in wanted}


def texts(store: Store) -> set[str]:
    """Texts of all passages."""
    with store.read(COLLECTION) as reader:
        return {passage.text for passage in reader.passages()}


def facts(store: Store) -> set[str]:
    """All facts, as 'ann likes bob'."""
    with store.read(COLLECTION) as reader:
        name = {entity.id: entity.name for entity in reader.entities()}
        return {
            f"{name[fact.subject_id]} {fact.relation} {name[fact.object_id]}"
            for fact in reader.facts()
        }


def links(store: Store) -> set[str]:
    """All synonyms, as 'ann bob'."""
    with store.read(COLLECTION) as reader:
        name = {entity.id: entity.name for entity in reader.entities()}
        return {f"{name[one.source_id]} {name[one.target_id]}" for one in reader.synonyms()}


def counts(store: Store, *kinds: str) -> tuple[int, ...]:
    with store.read(COLLECTION) as reader:
        found = reader.counts()
    return tuple(found[kind] for kind in kinds)


def fingerprint_of(store: Store) -> str:
    """The hash of the whole graph's dump."""
    with store.read(COLLECTION) as reader:
        return dump_hash(reader)


def commit_all(store: Store, changes: Iterable[Change]) -> None:
    for change in changes:
        store.commit(COLLECTION, change)
