"""Looking names up in a snapshot's gazetteer."""

from collections.abc import Sequence
from functools import lru_cache, partial

import numpy as np

from kg.snapshot import Snapshot
from kg.snapshot.tables import Gazetteer
from kg.surfaces import key_of

_REMEMBERED = 1024
"""A question's names are looked up when it is read, and again when it is ranked."""


class GazetteerLookup:
    """Surface -> entries, by bisection in the snapshot's sorted keys."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._table = snapshot.gazetteer
        # Not a method's memory: that would be a cycle, and hold files until it is collected.
        self._row = lru_cache(_REMEMBERED)(partial(_row_of, self._table))

    def known(self, surface: str) -> bool:
        """Whether the surface is in the gazetteer."""
        return self._row(surface) >= 0

    def among(self, surfaces: Sequence[str]) -> set[str]:
        """Those of many surfaces that are in the gazetteer."""
        keys = np.array([key_of(surface) for surface in surfaces], dtype=np.uint64)
        rows = np.searchsorted(self._table.key, keys)
        last = len(self._table.key) - 1
        if last < 0:
            return set()
        alike = np.flatnonzero(self._table.key[np.minimum(rows, last)] == keys).tolist()
        return {surfaces[number] for number in alike if self._row(surfaces[number]) >= 0}

    def entries(self, surface: str) -> list[int]:
        """The entries that the surface may mean; none if it is unknown."""
        row = self._row(surface)
        return [int(entry) for entry in self._table.entries.row(row)] if row >= 0 else []


def _row_of(table: Gazetteer, surface: str) -> int:
    """The row of a surface; -1 if it is unknown."""
    key = np.uint64(key_of(surface))
    row = int(np.searchsorted(table.key, key))
    while row < len(table.key) and table.key[row] == key:
        if table.surface[row] == surface:
            return row
        row += 1
    return -1
