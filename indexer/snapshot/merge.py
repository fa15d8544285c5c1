"""Taking over rows of an old table, by id, into a new one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from kg.snapshot import Ragged, Strings
from kg.snapshot.tables import BoolArray, Int64Array


@dataclass(frozen=True, slots=True)
class Merge:
    """Where each row of a new table comes from: the rows of the old one, then fresh ones."""

    source: Int64Array
    """(n,): row i is row source[i] of the old table, or row source[i] - old of the fresh rows."""
    old: int
    """Length of the old table."""

    @classmethod
    def by_id(cls, old: Strings, ids: Sequence[str]) -> Self:
        """Rows of the same id stay, all others are fresh, in the order of `ids`."""
        row_of = {key: row for row, key in enumerate(old)}
        source = np.array([row_of.get(key, -1) for key in ids], dtype=np.int64)
        fresh = source < 0
        source[fresh] = len(old) + np.arange(np.count_nonzero(fresh))
        return cls(source, len(old))

    @property
    def kept(self) -> BoolArray:
        """(n,): whether a row was there before."""
        return self.source < self.old

    @property
    def fresh(self) -> list[int]:
        """Numbers of the rows that were not."""
        return np.flatnonzero(~self.kept).tolist()

    @property
    def target(self) -> Int64Array:
        """(old,): the new number of each old row, -1 if it is gone."""
        target = np.full(self.old, -1, dtype=np.int64)
        target[self.source[self.kept]] = np.flatnonzero(self.kept)
        return target

    def take(self, old: npt.NDArray[Any], fresh: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The new table's column: (n, …), of the fresh rows' dtype."""
        column = np.empty((len(self.source), *fresh.shape[1:]), dtype=fresh.dtype)
        column[self.kept] = old[self.source[self.kept]]
        column[~self.kept] = fresh[self.source[~self.kept] - self.old]
        return column

    def items(self, old: Int64Array, fresh: Int64Array) -> "Merge":
        """The same for the items of rows; `old` and `fresh` say where each row's items begin."""
        indptr = np.concatenate([old, old[-1] + fresh[1:]])
        return Merge(positions(indptr, self.source), int(old[-1]))

    def ragged(self, old: Ragged, fresh: Ragged) -> Ragged:
        """The new table's column of rows of different lengths."""
        counts = self.take(np.diff(old.indptr), np.diff(fresh.indptr))
        items = self.items(old.indptr, fresh.indptr)
        return Ragged(starts(counts), items.take(old.items, fresh.items))


def positions(indptr: Int64Array, rows: npt.NDArray[np.integer[Any]]) -> Int64Array:
    """Where the items of these rows of a `Ragged` are, row after row."""
    counts = indptr[1:][rows] - indptr[:-1][rows]
    ends = np.cumsum(counts)
    return np.repeat(indptr[:-1][rows] - ends + counts, counts) + np.arange(counts.sum())


def starts(counts: npt.NDArray[np.integer[Any]]) -> Int64Array:
    """`indptr` of rows of these lengths."""
    indptr = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=indptr[1:])
    return indptr


def select(table: Ragged, rows: npt.NDArray[np.integer[Any]]) -> Ragged:
    """Some rows of a table, in the order given."""
    return Ragged(starts(np.diff(table.indptr)[rows]), table.items[positions(table.indptr, rows)])
