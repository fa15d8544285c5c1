"""Receipts: why a passage stands where it stands, in parts that add up to its score."""

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
    """Whether it is a heading: quoted only where no sentence says it."""
    by_title: bool = False
    """Whether the name it is quoted for is not in it, but is the title that it stands under."""


TAKEN_OFF = frozenset({"alike", "passed"})
"""The kinds of parts that are not given but taken off, below 0."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DirectPart:
    """What a passage received directly, not through another passage."""

    kind: str
    """'question', 'clause' or 'link' (of the question) in mode `ammon`; there, too, 'alike' for
    what is taken off because a better passage is like it, and 'passed' because the first passage,
    which the walk had near behind it, fits the question itself better; 'similarity' (of the
    embeddings), 'seed' (an entity that a walk started from) or 'word' in the others."""
    label: str
    """The question, the clause, the name, the better passage's title, the entity or the word."""
    amount: float
    """What it adds to the score; of `TAKEN_OFF`, below 0."""
    quote: Quote | None
    """The sentence of the passage that fits it best; None where no sentence speaks for it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Giver:
    """What brought the walk to a passage that it continued from."""

    kind: str
    """'question', 'clause' or 'link'; 'bridge' if the walk came there in an earlier step."""
    label: str
    share: float
    """Of all that was put there, 0..1."""
    passage_id: str = ""
    """Of a bridge: the passage from which most came over it; '' for the others."""
    title: str = ""
    source: str = ""
    """Of the first of its documents."""
    givers: "tuple[Giver, ...]" = ()
    """Of a bridge: why the walk was at that passage before."""


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
    """Its sentence that speaks of the bridge and fits the question best; None where only its title
    names the bridge, among others."""
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
    """Where it is stated, of the passages on this way."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BridgePart:
    """What a passage received through one name that it shares with others."""

    name: str
    amount: float
    """What it adds to the score: the sum of its origins' amounts."""
    origins: tuple[Origin, ...]
    """The largest first."""
    quote: Quote | None
    """The sentence of this passage that speaks of the bridge and fits the question best; None as
    in `Origin`."""
    facts: tuple[ConnectingFact, ...]
    """At most three, the nearest to the question first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """Why a passage is where it is: the amounts of all parts sum to its score, to rounding."""

    mode: str
    passage_id: str
    title: str
    source: str = ""
    """Of the first of its documents."""
    rank: int
    """1 for the best of all passages."""
    score: float
    direct: tuple[DirectPart, ...]
    """The largest first."""
    bridges: tuple[BridgePart, ...]
    """The largest first; mode `ammon` alone has them."""
    notes: tuple[str, ...] = ()
    """Remarks for people."""

    @property
    def given(self) -> float:
        """The score before anything was taken off."""
        return self.score - sum(part.amount for part in self.direct if part.kind in TAKEN_OFF)


class Told(Protocol):
    """A passage that is spoken of."""

    @property
    def passage_id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def source(self) -> str: ...


def named(passage: Told) -> str:
    """A passage's name for people: its title, or else its source."""
    return passage.title or passage.source or passage.passage_id
