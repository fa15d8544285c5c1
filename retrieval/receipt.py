"""Receipts: why a passage ranks where it does, in parts that add up to its score."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True, slots=True)
class Quote:
    """A sentence of a passage."""

    text: str
    start: int
    """Offset in the passage's text."""
    end: int
    heading: bool = False
    """Whether it is a heading, which is quoted only if no sentence mentions the name."""
    by_title: bool = False
    """Whether the name that it is quoted for is not in it, but is the passage's title."""


TAKEN_OFF = frozenset({"alike", "passed"})
"""The kinds of parts that are deductions, with negative amounts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DirectPart:
    """What a passage received directly, not through another passage."""

    kind: str
    """In mode `ammon`: 'question', 'clause' or 'link' (a name in the question); 'alike' for a
    deduction because the passage resembles a better one, and 'passed' for a deduction because the
    first passage, whose score was close, fits the question itself better. In the other modes:
    'similarity' (of the embeddings), 'seed' (an entity that the walk started from) or 'word'. In
    any mode 'sub-question', for what one that a chat model named brings (`retrieval.aids`)."""
    label: str
    """The question, the clause, the name, the better passage's title, the entity, the word or the
    sub-question."""
    amount: float
    """What it adds to the score; negative for `TAKEN_OFF`."""
    quote: Quote | None
    """The sentence of the passage that fits it best; None if no sentence supports it."""
    passage_id: str = ""
    """For `TAKEN_OFF`: the better passage; otherwise ''."""
    rank: int = 0
    """For `TAKEN_OFF`: its rank, which tells it from others of the same title; otherwise 0."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Giver:
    """What brought the walk to a passage that it continued from."""

    kind: str
    """'question', 'clause' or 'link'; 'bridge' if the walk came there in an earlier step."""
    label: str
    share: float
    """Its share of everything that arrived there, 0..1."""
    passage_id: str = ""
    """For a bridge: the passage from which most came through it; otherwise ''."""
    title: str = ""
    source: str = ""
    """Of the first of its documents."""
    givers: "tuple[Giver, ...]" = ()
    """For a bridge: why the walk was at that passage before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """A passage that the walk came from."""

    passage_id: str
    title: str
    source: str = ""
    """Of the first of its documents."""
    rank: int
    """Its own rank for the question."""
    amount: float
    """What came from it, as part of the score."""
    quote: Quote | None
    """Its sentence that mentions the bridge and fits the question best; None if only its title
    mentions it, among other names."""
    givers: tuple[Giver, ...]
    """Why the walk was there; the largest first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectingFact:
    """A fact about a bridge, stated at one of its ends."""

    fact_id: str
    subject: str
    relation: str
    object: str
    score: float
    """Its similarity to the question."""
    passage_ids: tuple[str, ...]
    """Those of the passages on this path that state it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BridgePart:
    """What a passage received through one name that it shares with others."""

    name: str
    amount: float
    """What it adds to the score: the sum of its origins' amounts."""
    origins: tuple[Origin, ...]
    """The largest first."""
    quote: Quote | None
    """The sentence of this passage that mentions the bridge and fits the question best; None as in
    `Origin`."""
    facts: tuple[ConnectingFact, ...]
    """At most three, those closest to the question first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """Why a passage ranks where it does: the amounts of all parts sum to its score, up to
    rounding."""

    mode: str
    passage_id: str
    title: str
    source: str = ""
    """Of the first of its documents."""
    rank: int
    """1 for the best of all texts; a copy has that of its text (`retrieval.copies`)."""
    score: float
    direct: tuple[DirectPart, ...]
    """The largest first."""
    bridges: tuple[BridgePart, ...]
    """The largest first; only mode `ammon` has them."""
    notes: tuple[str, ...] = ()
    """Remarks for people."""

    @property
    def given(self) -> float:
        """The score before deductions."""
        return self.score - sum(part.amount for part in self.direct if part.kind in TAKEN_OFF)


class Told(Protocol):
    """Something about one passage: a receipt, or a counterfactual."""

    @property
    def passage_id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def source(self) -> str: ...


def named(passage: Told) -> str:
    """A passage's name for display: its title, or else its source or id."""
    return passage.title or passage.source or passage.passage_id
