"""Small graphs in a store: notes of one passage each, with the names that they are said to have."""

from collections.abc import Iterable
from dataclasses import dataclass

from indexer.snapshot.build import build_snapshot
from inference.embedder import Embedder
from kg import ids
from kg.memory import MemoryStore
from kg.records import (
    CollectionSettings,
    Document,
    Extraction,
    NamedEntity,
    Passage,
    Placement,
    Triple,
)
from kg.snapshot import Snapshot
from kg.store import Change, DocumentGraph

COLLECTION = "notes"


@dataclass(frozen=True, kw_only=True)
class Note:
    """A document of one passage, and what an extractor would find in it."""

    title: str = ""
    text: str = ""
    names: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    """Of `names`, as far as they have one."""
    triples: tuple[tuple[str, str, str], ...] = ()

    @property
    def passage(self) -> Passage:
        """Its one passage."""
        key = ids.passage_id(COLLECTION, self.title, "", self.text)
        return Passage(id=key, title=self.title, heading="", text=self.text)

    @property
    def document_id(self) -> str:
        """Known by title and text."""
        return ids.document_id(COLLECTION, f"{self.title}/{self.text}")

    @property
    def graph(self) -> DocumentGraph:
        """The document, its passage, and where that stands."""
        return DocumentGraph(
            document=Document(
                id=self.document_id,
                source=f"{self.title}/{self.text}",
                title=self.title,
                text=self.text,
                fingerprint=ids.content_hash(self.title, self.text),
            ),
            placements=(
                Placement(
                    document_id=self.document_id,
                    ordinal=0,
                    passage_id=self.passage.id,
                    start=0,
                    end=len(self.text),
                ),
            ),
            passages=(self.passage,),
        )

    @property
    def extraction(self) -> Extraction:
        """Its names and triples."""
        types = (*self.types, *[""] * len(self.names))
        return Extraction(
            passage_id=self.passage.id,
            extractor="by hand",
            entities=tuple(
                NamedEntity(name=name, type=type_)
                for name, type_ in zip(self.names, types, strict=False)
            ),
            triples=tuple(Triple(subject=s, relation=r, object=o) for s, r, o in self.triples),
        )


def note(text: str, title: str = "", names: str = "") -> Note:
    """A note whose names are given in one string, with commas between them."""
    return Note(title=title, text=text, names=tuple(filter(None, names.split(", "))))


def empty_store() -> MemoryStore:
    """A store with one collection, `COLLECTION`, without documents."""
    store = MemoryStore()
    store.create_collection(COLLECTION, CollectionSettings(extractor="by hand"))
    return store


def put(store: MemoryStore, notes: Iterable[Note]) -> None:
    """Bring notes in, in one transaction."""
    notes = tuple(notes)
    store.commit(
        COLLECTION,
        Change(
            put=tuple(one.graph for one in notes),
            extractions=tuple(one.extraction for one in notes),
        ),
    )


def delete(store: MemoryStore, notes: Iterable[Note]) -> None:
    """Take notes out, in one transaction."""
    store.commit(COLLECTION, Change(delete=tuple(one.document_id for one in notes)))


def snapshot_of(notes: Iterable[Note], embedder: Embedder) -> Snapshot:
    """The snapshot of a collection that holds these notes, without synonyms."""
    store = empty_store()
    put(store, notes)
    with store.read(COLLECTION) as reader:
        return build_snapshot(reader, embedder)
