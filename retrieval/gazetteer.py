"""Looking names up in a snapshot's gazetteer."""

import numpy as np

from kg.snapshot import Snapshot
from kg.surfaces import key_of


class GazetteerLookup:
    """Surface -> entries, by bisection in the snapshot's sorted keys."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._table = snapshot.gazetteer

    def known(self, surface: str) -> bool:
        """Whether the surface is in the gazetteer."""
        return self._row(surface) >= 0

    def entries(self, surface: str) -> list[int]:
        """The entries that the surface may mean; none if it is unknown."""
        row = self._row(surface)
        return [int(entry) for entry in self._table.entries.row(row)] if row >= 0 else []

    def _row(self, surface: str) -> int:
        key = np.uint64(key_of(surface))
        row = int(np.searchsorted(self._table.key, key))
        while row < len(self._table.key) and self._table.key[row] == key:
            if self._table.surface[row] == surface:
                return row
            row += 1
        return -1
