"""One run of the walk, with all that led to its scores."""

from dataclasses import dataclass

import numpy as np

from kg.snapshot import Snapshot
from kg.snapshot.tables import Float32Array, Int32Array, Ragged
from retrieval.copies import Copies
from retrieval.loops.order import best_passages
from retrieval.question import Question
from retrieval.walk.base import Base
from retrieval.walk.constants import WalkConstants
from retrieval.walk.similarity import Asked, Similarity
from retrieval.walk.sources import Sources
from retrieval.walk.step import Step
from retrieval.walk.variety import named


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """The state of the walk for one question."""

    question: Question
    asked: Asked
    base: Base
    """The passages that were looked at: what is said of m passages is in its order."""
    sources: Sources
    steps: tuple[Step, ...]
    """In order; each has its share of the score."""
    score: Float32Array
    """(m,)."""
    gone: Int32Array
    """Passages that the walk does not know, ascending: those `removed`, and copies."""
    removed: Int32Array
    """Passages that were left out of the corpus for this question, ascending."""
    snapshot: Snapshot
    """The postings that the walk used."""
    similarity: Similarity
    facts_of: Ragged
    """Passage -> the facts that it states."""
    copies: Copies
    constants: WalkConstants

    @property
    def direct_share(self) -> float:
        """The weight of the reset vector in the score."""
        return 1 - sum(step.share for step in self.steps)

    def best(self, k: int) -> tuple[Int32Array, Float32Array]:
        """The k best passages of different texts and their scores, best first; of the first five,
        those that are like a better one have less than the walk gave them (`variety`), and so have
        those that came before one that the question itself prefers (`foremost`).

        Scores that are equal to four decimals go by base score: two passages that share one bridge
        and nothing else give each other all that they have, so that both have half.

        Those that the walk did not reach follow with a score of 0: first what it looked at, by
        base; then the others, by their own similarity to the question.
        """
        constants = self.constants
        found, scores = best_passages(
            self.score,
            self.base.score,
            self.base.passages,
            max(k, 1),
            constants.varied,
            constants.foremost,
            constants.temperature,
            constants.variety,
            constants.alike,
            self.similarity.vectors,
            named(self.snapshot.pairs),
        )
        if len(found) < k:
            rest = self._rest()[: k - len(found)]
            found = np.concatenate((found, rest))
            scores = np.concatenate((scores, np.zeros(len(rest), dtype=np.float32)))
        return found, scores

    def _rest(self) -> Int32Array:
        """All passages without a place, by their own similarity, best first."""
        everything = np.arange(len(self.snapshot.passages.id), dtype=np.int32)
        rest = np.setdiff1d(everything, np.union1d(self.base.passages, self.gone))
        own = self.similarity.own(rest, self.asked.views).max(axis=0)
        return rest[np.argsort(-own, kind="stable")]
