"""One run of the walk, with all that led to its scores."""

from dataclasses import dataclass

import numpy as np

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
    gone: Ints
    """Passages that were taken out of the corpus for this question, ascending."""
    snapshot: Snapshot
    """What was walked over."""
    facts_of: Ragged
    """Passage -> the facts that it states."""
    constants: WalkConstants

    def best(self, k: int) -> Ints:
        """The k best passages, best first; those that the walk did not reach follow, by base."""
        ranked = np.flatnonzero(self.score > 0)
        if len(ranked) < k:
            ranked = np.setdiff1d(np.arange(len(self.score)), self.gone)
        order = np.lexsort((ranked, -self.base.score[ranked], -self.score[ranked]))
        return ranked[order][: max(k, 1)].astype(np.int32)
