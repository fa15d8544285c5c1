"""What a snapshot holds: the tables that the indexer writes and the retriever reads.

Rows are numbers: passages, documents, entities and facts are numbered in order of their ids, so
that the same graph always gives the same bytes. A field `a.b` below is the file `a.b.npy`; strings
are two files (`kg.snapshot.container.Strings`); a `Ragged` is two files, `….indptr` and `….items`.

Two vocabularies stand side by side. *Entities* are what the extractor found: nodes of the graph
that HippoRAG walks and that people look at. *Entries* are what the gazetteer knows: titles and
names, whose occurrences were looked up in all passages; the conditioned walk goes over them.
"""

from dataclasses import dataclass, field, fields
from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from kg.codes import Codes
from kg.snapshot.container import SnapshotReader, SnapshotWriter, Strings
from kg.snapshot.hubs import best_pairs

Ints: TypeAlias = npt.NDArray[np.int32]
Longs: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float32]
Halves: TypeAlias = npt.NDArray[np.float16]
Keys: TypeAlias = npt.NDArray[np.uint64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Bytes: TypeAlias = npt.NDArray[np.uint8]

CODED_FROM = 4_000
"""Passages from which on their vectors are coded: below, comparing all of them is as fast."""


@dataclass(frozen=True, slots=True)
class Ragged:
    """Rows of different lengths: row i is items[indptr[i]:indptr[i + 1]]."""

    indptr: Longs
    items: Ints

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def row(self, index: int) -> Ints:
        """The items of one row."""
        return self.items[self.indptr[index] : self.indptr[index + 1]]

    def inverted(self, columns: int) -> Self:
        """Item -> the rows that hold it, ascending; items are 0..columns - 1."""
        rows = np.repeat(np.arange(len(self), dtype=np.int32), np.diff(self.indptr))
        order = np.argsort(self.items, kind="stable")
        edges = np.searchsorted(self.items[order], np.arange(columns + 1))
        return type(self)(edges.astype(np.int64), rows[order])

    @classmethod
    def from_rows(cls, rows: list[list[int]]) -> Self:
        """Build from lists."""
        indptr = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum([len(row) for row in rows], out=indptr[1:])
        items = np.fromiter((item for row in rows for item in row), np.int32, int(indptr[-1]))
        return cls(indptr, items)


@dataclass(frozen=True, kw_only=True, slots=True)
class Documents:
    """D documents."""

    id: Strings
    source: Strings
    title: Strings
    metadata: Strings
    """A JSON object each."""
    observed_at: Strings
    """ISO 8601, or ''."""
    passages: Ragged
    """Document -> its passages, in order of placement."""
    start: Ints
    """For each item of `passages`: offset of its first character in the document."""
    end: Ints
    page: Ints
    """The page (from 1), or 0 if the format has none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Passages:
    """P passages."""

    id: Strings
    title: Strings
    heading: Strings
    text: Strings
    vectors: Floats
    """(P, d): embeddings of title, heading and text, unit length."""
    documents: Ragged
    """Passage -> documents it stands in, ascending."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentences:
    """S sentences, in order of passage and place."""

    passage: Ints
    """(S,): the passage of each."""
    indptr: Longs
    """(P + 1,): passage p's sentences are indptr[p]:indptr[p + 1]; each has one at least."""
    start: Ints
    """Offset of its first character in the passage's text."""
    end: Ints
    vectors: Halves
    """(S, d): embeddings of 'title: sentence', unit length, float16."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entities:
    """E entities, as extractors found them."""

    id: Strings
    name: Strings
    """Normal form: what is embedded."""
    surface: Strings
    type: Strings
    vectors: Floats
    """(E, d)."""
    passages: Ragged
    """Entity -> passages that mention it, ascending."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """F facts."""

    id: Strings
    relation: Strings
    subject: Ints
    object: Ints
    vectors: Floats
    """(F, d): embeddings of 'subject relation object', normal forms."""
    passages: Ragged
    """Fact -> passages that state it, ascending."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Synonyms:
    """Directed: target is among source's nearest. In order of source, then target."""

    source: Ints
    target: Ints
    score: Floats


@dataclass(frozen=True, kw_only=True, slots=True)
class Adjacency:
    """HippoRAG's graph as CSR: E + P nodes, entities first, then passages; symmetric, weighted."""

    indptr: Longs
    """(E + P + 1,)."""
    indices: Ints
    weights: Floats


@dataclass(frozen=True, kw_only=True, slots=True)
class Gazetteer:
    """N entries (what can be named) and G surfaces (how), see `indexer.gazetteer`."""

    key: Keys
    """(G,): each surface's 64-bit key (`kg.surfaces.key_of`), ascending: found by bisection."""
    surface: Strings
    """G distinct surfaces, in order of key."""
    entries: Ragged
    """Surface -> the entries it may mean; more than one: it is ambiguous."""
    label: Strings
    """Entry -> its name for people."""
    entity: Ints
    """Entry -> the entity of the same name, or -1."""
    titled: Ragged
    """Entry -> passages whose document's title it is, ascending."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pairs:
    """M pairs (entry, passage that names it), in order of entry, then passage."""

    indptr: Longs
    """(N + 1,): entry e's pairs are indptr[e]:indptr[e + 1]."""
    entry: Ints
    passage: Ints
    is_title: Bools
    """Whether the entry is the passage's title."""
    sentences: Ragged
    """Pair -> sentences of the passage that name the entry; all of them if the title does."""
    by_passage: Ragged
    """Passage -> its pairs (numbers of rows of this table), ascending."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Derived:
    """What is worked out from the other tables when a snapshot is written, for its readers."""

    facts: Ragged
    """Passage -> the facts that it states, ascending."""
    hubs: Ints
    """(H,): the entries with many pairs, ascending."""
    kept: Longs
    """(H, `kg.snapshot.hubs.KEPT`): the pairs of each hub that say most, ascending."""
    vectors: Halves
    """(P, d): the passages' vectors in half precision, which the walk reads in half the time."""
    codes: Bytes
    """Short codes of the passages' vectors (`kg.codes.Codes`); empty below `CODED_FROM`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """W words, by their normal forms (`kg.tokens`): what a next build finds passages by."""

    key: Keys
    """(W,): the words' 64-bit keys (`kg.surfaces.key_of`), ascending."""
    passages: Ragged
    """Word -> the passages with it in a sentence or in the title, ascending."""
    cased: Bools
    """(P,): whether capitals tell names from other words in a passage's text."""

    @classmethod
    def none(cls) -> Self:
        """Of no passages, as in a snapshot that was written without."""
        none = np.zeros(0, dtype=np.bool_)
        return cls(key=none.astype(np.uint64), passages=Ragged.from_rows([]), cased=none)


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """One revision of a collection, ready to be asked."""

    collection: str
    revision: int
    embedder: str
    """The model id of every embedding in it."""
    cased: bool
    """Whether names can be told by their capitals in this corpus (see `indexer.gazetteer`)."""
    documents: Documents
    passages: Passages
    sentences: Sentences
    entities: Entities
    facts: Facts
    synonyms: Synonyms
    adjacency: Adjacency
    gazetteer: Gazetteer
    pairs: Pairs
    words: Words = field(default_factory=Words.none)
    rules: str = ""
    """By which its texts were read (`indexer.rules`); '' if that is not known."""
    derived: Derived | None = None
    """None in memory, before it is written; and where what it was derived from is changed."""

    def write(self, writer: SnapshotWriter) -> None:
        """Put every table into a snapshot that is being written."""
        for table in _TABLES:
            _write(writer, table, getattr(self, table))
        _write(writer, "words", self.words)
        _write(writer, "derived", self.derive())
        writer.finish(
            collection=self.collection,
            revision=self.revision,
            models={"embedder": self.embedder},
            counts={
                "documents": len(self.documents.id),
                "passages": len(self.passages.id),
                "sentences": len(self.sentences.passage),
                "entities": len(self.entities.id),
                "facts": len(self.facts.id),
                "synonyms": len(self.synonyms.source),
                "entries": len(self.gazetteer.label),
                "pairs": len(self.pairs.entry),
            },
            properties={"cased": self.cased, "rules": self.rules},
        )

    @classmethod
    def read(cls, reader: SnapshotReader) -> Self:
        """Map every table of a snapshot into memory."""
        manifest = reader.manifest
        return cls(
            collection=manifest.collection,
            revision=manifest.revision,
            embedder=manifest.models["embedder"],
            cased=bool(manifest.properties["cased"]),
            rules=str(manifest.properties.get("rules", "")),
            words=_read(reader, "words", Words)
            if "words.key.npy" in manifest.files
            else Words.none(),
            **{name: _read(reader, name, kind) for name, kind in _TABLES.items()},
            derived=_read(reader, "derived", Derived)
            if "derived.vectors.npy" in manifest.files
            else None,
        )

    def derive(self) -> Derived:
        """What is worked out from the other tables."""
        pairs, passages = self.pairs, len(self.passages.id)
        first = pairs.sentences.items[pairs.sentences.indptr[:-1]]
        place = (first - self.sentences.indptr[pairs.passage]).astype(np.int32)
        hubs, kept = best_pairs(
            pairs.entry, np.diff(pairs.indptr), pairs.is_title, place, pairs.passage
        )
        coded = passages >= CODED_FROM
        return Derived(
            facts=self.facts.passages.inverted(passages),
            hubs=hubs,
            kept=kept,
            vectors=self.passages.vectors.astype(np.float16),
            codes=Codes.learn(self.passages.vectors).dumps() if coded else np.zeros(0, np.uint8),
        )


_TABLES: dict[str, type[Any]] = {
    "documents": Documents,
    "passages": Passages,
    "sentences": Sentences,
    "entities": Entities,
    "facts": Facts,
    "synonyms": Synonyms,
    "adjacency": Adjacency,
    "gazetteer": Gazetteer,
    "pairs": Pairs,
}


def _write(writer: SnapshotWriter, table: str, record: Any) -> None:
    for column in fields(record):
        name, value = f"{table}.{column.name}", getattr(record, column.name)
        match value:
            case Strings():
                writer.put_strings(name, value)
            case Ragged(indptr, items):
                writer.put(f"{name}.indptr", indptr)
                writer.put(f"{name}.items", items)
            case _:
                writer.put(name, value)


def _read(reader: SnapshotReader, table: str, kind: type[Any]) -> Any:
    columns: dict[str, Any] = {}
    for column in fields(kind):
        name = f"{table}.{column.name}"
        if column.type is Strings:
            columns[column.name] = reader.strings(name)
        elif column.type is Ragged:
            columns[column.name] = Ragged(
                reader.array(f"{name}.indptr"), reader.array(f"{name}.items")
            )
        else:
            columns[column.name] = reader.array(name)
    return kind(**columns)
