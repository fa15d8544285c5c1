"""One run of the walk, with all that led to its scores."""

from dataclasses import dataclass

import numpy as np

from kg.snapshot import Snapshot
from kg.snapshot.tables import Float32Array, Int32Array, Ragged
from retrieval.copies import Copies
from retrieval.loops.best import first_rows
from retrieval.question import Question
from retrieval.walk.base import Base
from retrieval.walk.constants import WalkConstants
from retrieval.walk.foremost import foremost
from retrieval.walk.similarity import Asked, Similarity
from retrieval.walk.sources import Sources
from retrieval.walk.step import Step
from retrieval.walk.variety import leads_among, varied

_FEW = 256
"""So many are found one by one, for the others the whole is sorted."""


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
    """Passages that were taken out of the corpus for this question, ascending."""
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
        found, scores = self.best_looked_at(k)
        if len(found) < min(k, len(self.snapshot.passages.id)):
            both = np.concatenate((found, self._rest()))
            more = (both[self.copies.distinct(both)] if self.copies.any else both)[:k]
            unreached = np.zeros(len(more) - len(found), dtype=np.float32)
            return more, np.concatenate((scores, unreached))
        return found, scores

    def best_looked_at(self, k: int) -> tuple[Int32Array, Float32Array]:
        """The same of those that the walk looked at."""
        first = self.constants.varied
        count = max(k, first + 1)
        places = self._places(count)
        scores = self.score[places]
        if row := foremost(scores[:first], self.base.score[places[:first]], self.constants):
            places[: row + 1] = np.roll(places[: row + 1], 1)
            scores[: row + 1] = scores[row]
        found = self.base.passages[places]
        alike = self.similarity.among(found[:first])
        leads = leads_among(self.snapshot.pairs, found[:first])
        order, scores[:first] = varied(scores[: first + 1], alike, leads, self.constants)
        found[:first] = found[order]
        return found[: max(k, 1)], scores[: max(k, 1)]

    def _places(self, count: int) -> Int32Array:
        """Where the `count` best of different texts are in `score`, best first."""
        wanted = count
        while True:
            places = ordered(self.score, self.base.score, self.base.passages, wanted)
            if not self.copies.any:
                return places
            rows = self.copies.distinct(self.base.passages[places])
            if len(rows) >= count or len(places) < wanted:
                return places[rows[:count]]
            wanted *= 2

    def _rest(self) -> Int32Array:
        """All passages without a place, by their own similarity, best first."""
        everything = np.arange(len(self.snapshot.passages.id), dtype=np.int32)
        rest = np.setdiff1d(everything, np.union1d(self.base.passages, self.gone))
        own = self.similarity.own(rest, self.asked.views).max(axis=0)
        return rest[np.argsort(-own, kind="stable")]


def ordered(
    scores: Float32Array, base: Float32Array, passages: Int32Array, count: int
) -> Int32Array:
    """As `first_rows`, whose time grows with the count; sorting takes the same for any."""
    if count <= _FEW:
        return first_rows(scores, base, passages, count)
    rounded = np.rint(scores * np.float32(10_000))
    return np.lexsort((passages, -base, -rounded))[:count].astype(np.int32)
