"""Pairs of vectors that are near each other, from each vector's list of its nearest.

On a GPU it is quicker to compare everything with everything and keep the best of each than to do
without most comparisons, as the CPU does (`nearness`). A list whose last entry is not near is
complete. Where it is not complete a longer one is asked for; the few whose longest is not complete
either, and what is left when a GPU fails, are done as on the CPU. Cosines are computed anew for
what is found, so that the result is the same.
"""

from collections.abc import Iterator

import numpy as np
import structlog

from indexer.snapshot.nearness import Cosines, Rows, exact, near_pairs
from inference.embedder import Vectors
from kg.device import wants_gpu
from kg.errors import DeviceFailed
from kg.exhaustive import LOOSE, MOST_ASKED, Exhaustive, OnGpu

_WORTH = 1_000_000_000 * 384
"""Products of numbers from which on a GPU is looked for: of 32,000 names with each other."""
_SHORT = 128
"""Neighbours asked for at first; somewhat more than are linked at most."""
_ROWS = 4096
"""Rows whose neighbours are asked for at a time."""

_log = structlog.get_logger(__name__)


def pairs_on_any_device(
    vectors: Vectors, fresh: Rows, old: Rows, least: Cosines, threshold: float, most: int
) -> Iterator[tuple[int, Rows, Rows, Cosines]]:
    """As `near_pairs`, on a GPU where that is worth its while. It may find more pairs than that,
    none of which is among the `most` nearest of either row.

    Raises: SettingsInvalid if the GPU is forced and there is none.
    """
    left = fresh
    if wants_gpu(len(fresh) * (len(fresh) + len(old)) * vectors.shape[1], _WORTH):
        lists = Lists(fresh, old, len(vectors))
        try:
            search = OnGpu(vectors[lists.members])
            yield from lists.pairs(search, vectors, least, threshold)
        except DeviceFailed as error:
            _log.warning("synonyms are searched on the CPU", reason=str(error))
        left = lists.left()
    before = len(fresh) - len(left)
    for done, first, second, cosines in near_pairs(vectors, left, old, least, threshold, most):
        yield before + done, first, second, cosines


class Lists:
    """Which rows were told, with all their pairs; a pair is told with the first of its rows."""

    def __init__(self, fresh: Rows, old: Rows, rows: int) -> None:
        self.members: Rows = np.concatenate([fresh, old])
        """What is searched: (m,) rows of the vectors."""
        self._fresh = fresh
        self._told = 0
        self._place = np.full(rows, rows, dtype=np.int64)
        """(rows,): as which each was told; `rows` for those that were not, or never will be."""

    def left(self) -> Rows:
        """The fresh rows that were not told yet."""
        left: Rows = self._fresh[self._place[self._fresh] == len(self._place)]
        return left

    def pairs(
        self, search: Exhaustive, vectors: Vectors, least: Cosines, threshold: float
    ) -> Iterator[tuple[int, Rows, Rows, Cosines]]:
        """Of rows with a complete list, all pairs that were not told before; as `near_pairs`.

        `search` is over `vectors[members]`. Raises: DeviceFailed.
        """
        for count in sorted({min(most, len(self.members)) for most in (_SHORT, MOST_ASKED)}):
            left = self.left()
            for start in range(0, len(left), _ROWS):
                rows = left[start : start + _ROWS]
                products, found = search.nearest(vectors[rows], count)
                complete = np.ones(len(rows), dtype=np.bool_)
                if count < len(self.members):
                    complete = products[:, -1] < threshold - LOOSE
                self._tell(rows[complete])
                near = products[complete] >= threshold - LOOSE
                first = np.repeat(rows[complete], np.count_nonzero(near, axis=1))
                second = self.members[found[complete][near]]
                wanted = self._place[first] < self._place[second]
                wanted &= (
                    products[complete][near] >= np.minimum(least[first], least[second]) - LOOSE
                )
                yield self._told, *exact(vectors, first[wanted], second[wanted], threshold)

    def _tell(self, rows: Rows) -> None:
        self._place[rows] = np.arange(self._told, self._told + len(rows))
        self._told += len(rows)
