"""The tables of a snapshot, which the indexer writes and the retriever reads.

Rows are numbers: passages, documents, entities and facts are numbered in order of their ids, so
that the same graph always gives the same bytes. A field `a.b` below is the file `a.b.npy`; strings
are two files (`kg.snapshot.container.Strings`); a `Ragged` is two files, `….indptr` and `….items`,
and so is a `Quantised`, `….values` and `….scale`.

There are two vocabularies. *Entities* are what the extractor found: nodes of the graph that
HippoRAG walks and that people see. *Entries* are what the gazetteer knows: titles and names, whose
occurrences were looked up in all passages; the conditioned walk goes through them.
"""

from dataclasses import dataclass, field
from typing import Self, TypeAlias

import numpy as np
import numpy.typing as npt

from kg.snapshot.container import Strings
from kg.snapshot.quantised import Quantised

Int32Array: TypeAlias = npt.NDArray[np.int32]
Int64Array: TypeAlias = npt.NDArray[np.int64]
Float32Array: TypeAlias = npt.NDArray[np.float32]
Float64Array: TypeAlias = npt.NDArray[np.float64]
Uint64Array: TypeAlias = npt.NDArray[np.uint64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
Uint8Array: TypeAlias = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Ragged:
    """Rows of different lengths: row i is items[indptr[i]:indptr[i + 1]]."""

    indptr: Int64Array
    items: Int32Array

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def row(self, index: int) -> Int32Array:
        """The items of one row."""
        return self.items[self.indptr.item(index) : self.indptr.item(index + 1)]

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
    """Each a JSON object."""
    observed_at: Strings
    """ISO 8601, or ''."""
    passages: Ragged
    """Document -> its passages, in order of placement."""
    start: Int32Array
    """For each item of `passages`: offset of its first character in the document."""
    end: Int32Array
    page: Int32Array
    """The page (from 1), or 0 if the format has none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Passages:
    """P passages."""

    id: Strings
    title: Strings
    heading: Strings
    text: Strings
    vectors: Float32Array
    """(P, d): embeddings of title, heading and text, unit length."""
    documents: Ragged
    """Passage -> documents it stands in, ascending."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentences:
    """S sentences, in order of passage and place."""

    passage: Int32Array
    """(S,): the passage of each."""
    indptr: Int64Array
    """(P + 1,): passage p's sentences are indptr[p]:indptr[p + 1]; each passage has at least
    one."""
    start: Int32Array
    """Offset of its first character in the passage's text."""
    end: Int32Array
    vectors: Quantised
    """(S, d): embeddings of 'title: sentence', of unit length up to rounding."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entities:
    """E entities, as extractors found them."""

    id: Strings
    name: Strings
    """Normal form, which is embedded."""
    surface: Strings
    type: Strings
    vectors: Float32Array
    """(E, d)."""
    passages: Ragged
    """Entity -> passages that mention it, ascending."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """F facts."""

    id: Strings
    relation: Strings
    subject: Int32Array
    object: Int32Array
    vectors: Float32Array
    """(F, d): embeddings of 'subject relation object', normal forms."""
    passages: Ragged
    """Fact -> passages that state it, ascending."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Synonyms:
    """Directed: target is among source's nearest. In order of source, then target."""

    source: Int32Array
    target: Int32Array
    score: Float32Array


@dataclass(frozen=True, kw_only=True, slots=True)
class Adjacency:
    """HippoRAG's graph as CSR: E + P nodes, entities first, then passages; symmetric, weighted."""

    indptr: Int64Array
    """(E + P + 1,)."""
    indices: Int32Array
    weights: Float32Array


@dataclass(frozen=True, kw_only=True, slots=True)
class Gazetteer:
    """N entries (what can be named) and G surfaces (how), see `indexer.snapshot.gazetteer`."""

    key: Uint64Array
    """(G,): each surface's 64-bit key (`kg.surfaces.key_of`), ascending: found by bisection."""
    surface: Strings
    """G distinct surfaces, in order of key."""
    entries: Ragged
    """Surface -> the entries it may mean; more than one if it is ambiguous."""
    label: Strings
    """Entry -> its name for display."""
    entity: Int32Array
    """Entry -> the entity of the same name, or -1."""
    titled: Ragged
    """Entry -> passages whose document's title it is, ascending."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pairs:
    """M pairs (entry, passage that names it), in order of entry, then passage."""

    indptr: Int64Array
    """(N + 1,): entry e's pairs are indptr[e]:indptr[e + 1]."""
    entry: Int32Array
    passage: Int32Array
    is_title: BoolArray
    """Whether the entry is the passage's title."""
    weak: BoolArray
    """Whether the passage names the entry only inside longer names, or the entry is a number, and
    not the passage's title."""
    sentences: Ragged
    """Pair -> sentences of the passage that name the entry; all of them if the title does."""
    by_passage: Ragged
    """Passage -> its pairs (numbers of rows of this table), ascending."""

    @classmethod
    def of(
        cls,
        *,
        entry: Int32Array,
        passage: Int32Array,
        is_title: BoolArray,
        weak: BoolArray,
        sentences: Ragged,
        entries: int,
        passages: int,
    ) -> Self:
        """The table of pairs that are in order of entry, then passage: with its indices."""
        order = np.argsort(passage, kind="stable").astype(np.int32)
        numbers = np.arange(passages + 1)
        return cls(
            indptr=np.searchsorted(entry, np.arange(entries + 1)).astype(np.int64),
            entry=entry,
            passage=passage,
            is_title=is_title,
            weak=weak,
            sentences=sentences,
            by_passage=Ragged(np.searchsorted(passage[order], numbers).astype(np.int64), order),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Derived:
    """Tables computed from the others when a snapshot is written, for its readers."""

    facts: Ragged
    """Passage -> the facts that it states, ascending."""
    hubs: Int32Array
    """(H,): the entries with many pairs, ascending."""
    kept: Int64Array
    """(H, `kg.snapshot.hubs.KEPT`): the pairs kept of each hub, ascending."""
    vectors: Quantised
    """(P, d): the passages' vectors rounded to bytes, which the walk reads."""
    codes: Uint8Array
    """Short codes of the passages' vectors (`kg.codes`); empty if they are few."""
    copies: Ragged = field(default_factory=lambda: Ragged.from_rows([]))
    """Text that several passages have -> these, first the one that stands for the text
    (`kg.snapshot.copies`); empty in a snapshot that was written before there was this table."""
    pairs: Pairs | None = None
    """The pairs with all passages of a text as one, which the walk goes through; `hubs` and `kept`
    are of these. None if there are no copies."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """W words, by their normal forms (`kg.tokens`): the next build finds passages by these."""

    key: Uint64Array
    """(W,): the words' 64-bit keys (`kg.surfaces.key_of`), ascending."""
    passages: Ragged
    """Word -> the passages with it in a sentence or in the title, ascending."""
    cased: BoolArray
    """(P,): whether capitals tell names from other words in a passage's text."""

    @classmethod
    def none(cls) -> Self:
        """An empty table, for snapshots written without one."""
        none = np.zeros(0, dtype=np.bool_)
        return cls(key=none.astype(np.uint64), passages=Ragged.from_rows([]), cased=none)
