"""Candidates for the best of very many passages, found on a GPU.

For mode `dense`, which compares all passages. The GPU holds a copy of their vectors for each
process and snapshot, made for the first question, since forked processes cannot share one.
"""

from threading import Lock

import numpy as np
import structlog

from kg.device import wants_gpu
from kg.errors import DeviceFailed
from kg.exhaustive import LOOSE, MOST_ASKED, Exhaustive, OnGpu
from kg.snapshot.tables import Float32Array, Int32Array

_WORTH = 250_000 * 384
"""The number of values in the vectors from which on a GPU is used: the CPU reads fewer in 20 ms."""
_SPARE = 64

_log = structlog.get_logger(__name__)


class Shortlist:
    """The shortlists of one snapshot's passages."""

    def __init__(self, vectors: Float32Array) -> None:
        """Take (P, d) unit vectors; nothing is copied yet, and no GPU is looked for."""
        self._vectors = vectors
        self._lock = Lock()
        self._search: Exhaustive | None = None
        self._refused = False

    def rows(self, query: Float32Array, k: int) -> Int32Array | None:
        """Passages, in ascending order, that include the k best for a query (d,); None if all must
        be compared on the CPU."""
        count = min(2 * k + _SPARE, MOST_ASKED)
        if not k < count < len(self._vectors) or not wants_gpu(self._vectors.size, _WORTH):
            return None
        try:
            search = self._ready()
            return None if search is None else sure(search, query, k, count)
        except DeviceFailed as error:
            with self._lock:
                refused, self._refused, self._search = self._refused, True, None
            if not refused:
                _log.warning("mode dense searches on the CPU", reason=str(error))
            return None

    def _ready(self) -> Exhaustive | None:
        if self._search is None and not self._refused:
            with self._lock:
                if self._search is None and not self._refused:
                    self._search = OnGpu(self._vectors)
        return self._search


def sure(search: Exhaustive, query: Float32Array, k: int, count: int) -> Int32Array | None:
    """The `count` nearest rows, in ascending order, if the port's accuracy guarantees that the k
    best are among them; otherwise None. Raises: DeviceFailed."""
    products, found = search.nearest(query[np.newaxis], count)
    if products[0, k - 1] - LOOSE <= products[0, -1] + LOOSE:
        return None
    return np.sort(found[0]).astype(np.int32)
