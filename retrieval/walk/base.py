"""The base score: how well passages fit the question by themselves."""

from typing import Self

import numpy as np

from kg.snapshot.tables import Float32Array, Int32Array
from retrieval.loops.looking import Seen, Sight, look_at
from retrieval.loops.sets import places_of, table_of
from retrieval.record import record
from retrieval.walk.links import LinkBonus

_NO_PASSAGES: Int32Array = np.zeros(0, dtype=np.int32)
_NO_SCORES: Float32Array = np.zeros(0, dtype=np.float32)
_NO_SHIFT = np.zeros(0, dtype=np.int64)
_EMPTY = table_of(_NO_PASSAGES)


@record
class Base:
    """Scores of the m passages that were looked at for one question.

    All arrays are in the order of `passages`; a passage's *place* is its row there.
    """

    links: tuple[LinkBonus, ...]
    sight: Sight
    """How further passages would be looked at."""
    seen: Seen

    @classmethod
    def of(cls, links: tuple[LinkBonus, ...], sight: Sight, passages: Int32Array) -> Self:
        """Of these passages, each as often as it likes."""
        views = np.zeros((len(sight[1][0]) - 1, 0), np.float32)
        bonuses = np.zeros((len(links), 0), np.float32)
        nothing = _EMPTY, _NO_PASSAGES, views, _NO_SHIFT, _NO_SCORES, bonuses, _NO_SCORES
        return cls(links=links, sight=sight, seen=look_at(passages, sight, nothing)[1])

    @property
    def passages(self) -> Int32Array:
        """(m,): ascending, but for those that the steps came to, which are behind."""
        return self.seen[1]

    @property
    def views(self) -> Float32Array:
        """(v, m): similarity to the question and to each clause, with the words that are shared."""
        return self.seen[2]

    @property
    def bonuses(self) -> Float32Array:
        """(links, m): what each link gives; 0 where it is not mentioned."""
        return self.seen[5]

    @property
    def score(self) -> Float32Array:
        """(m,): the best of the views, and the bonuses of all links."""
        return self.seen[6]

    def places(self, passages: Int32Array) -> Int32Array:
        """The place of each passage; -1 if it has none."""
        return places_of(self.seen[0], self.passages, passages)
