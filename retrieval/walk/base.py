"""The base score: how well passages fit the question by themselves."""

import numpy as np

from kg.snapshot.tables import Float32Array, Int32Array
from retrieval.record import record
from retrieval.walk.links import LinkBonus


@record
class Base:
    """Scores of the m passages that were looked at for one question.

    All arrays are in the order of `passages`; a passage's *place* is its row there.
    """

    links: tuple[LinkBonus, ...]
    passages: Int32Array
    """(m,): where the walk began, ascending, and behind them what its steps came to."""
    score: Float32Array
    """(m,): the best of the similarities to the question and its clauses, with the words that are
    shared, and the bonuses of all links."""

    def place_of(self, passage: int) -> int | None:
        """The place of a passage, if it was looked at."""
        found = np.flatnonzero(self.passages == passage)
        return int(found[0]) if len(found) else None
