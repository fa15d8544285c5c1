"""The result of a query: ranked passages, their citations, and what led to them."""

from collections.abc import Mapping
from dataclasses import field

from kg.records import JSON
from retrieval.receipt import Receipt
from retrieval.record import record


@record
class Citation:
    """A place where a text occurs."""

    document_id: str
    source: str
    title: str
    start: int
    """Offset of the passage's first character in the document's text."""
    end: int
    page: int | None
    metadata: Mapping[str, JSON]
    observed_at: str
    """ISO 8601, or ''."""


@record
class Span:
    """A part of a passage's text."""

    start: int
    end: int


@record
class Hit:
    """A passage that was found."""

    rank: int
    """1 for the best; counts texts."""
    score: float
    """Comparable within one answer; descending by rank to four decimals (`retrieval.mode.Ranking`),
    unless a reranker or recognition changed the order."""
    passage_id: str
    title: str
    heading: str
    text: str
    citations: tuple[Citation, ...]
    """All places of all passages that have its text (`retrieval.copies`), its own first."""
    similarity: float | None = None
    """How well it fits the question by itself, -1..1: half its own cosine with the question and
    half its best sentence's (`retrieval.fitting`). Comparable between questions, of one embedder;
    None in mode `bm25`, which embeds nothing."""
    sentence: Span | None = None
    """The sentence nearest to the question, in `text`; None as `similarity`."""
    receipt: Receipt | None = None
    """Why the passage is here, if receipts were requested."""


@record
class UsedEntity:
    """An entity that the question was linked to, or that the walk went through."""

    name: str
    role: str
    """'question' (the question names it), 'seed' (a fact or a clause gave it), or 'bridge'."""
    weight: float
    """Its share of the walk, 0..1, comparable within one role."""


@record
class UsedFact:
    """A fact that supports the result."""

    subject: str
    relation: str
    object: str
    score: float
    passage_ids: tuple[str, ...]


@record
class Explanation:
    """What led to a result."""

    entities: tuple[UsedEntity, ...] = ()
    """By role, heaviest first."""
    facts: tuple[UsedFact, ...] = ()
    """Best first."""
    clauses: tuple[str, ...] = ()
    """The clauses that the question was split into; empty if it was not split."""
    notes: tuple[str, ...] = ()
    """Remarks for people, such as that no name in the question was linked to the graph."""


@record
class Retrieval:
    """The answer to one question."""

    question: str
    collection: str
    revision: int
    mode: str
    hits: tuple[Hit, ...]
    explanation: Explanation
    timings: Mapping[str, float] = field(default_factory=dict)
    """Milliseconds: 'embedding' and 'retrieval'."""
