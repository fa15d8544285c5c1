"""One run of the walk, with all that led to its scores."""

from dataclasses import dataclass

from kg.snapshot import Snapshot
from kg.snapshot.tables import Floats, Ints, Ragged
from retrieval.question import Question
from retrieval.walk.base import Base
from retrieval.walk.constants import WalkConstants
from retrieval.walk.sources import Source
from retrieval.walk.step import Step


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """What the walk did for one question."""

    question: Question
    views: Floats
    """(1 + clauses, d): the embeddings of the question and of its clauses."""
    aim: Floats
    """(d,): what the sentences about a bridge were compared with."""
    base: Base
    sources: tuple[Source, ...]
    """The question's own, then those of the clauses in order, then those of the links."""
    reset: Floats
    """(P,)."""
    step: Step
    score: Floats
    """(P,)."""
    order: Ints
    """All passages that could be ranked, best first."""
    snapshot: Snapshot
    """What was walked over."""
    facts_of: Ragged
    """Passage -> the facts that it states."""
    constants: WalkConstants
