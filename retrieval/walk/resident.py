"""Tables of a small corpus, held where they are read fastest.

A question reads rows from all over many files. Mapped, each page of 4 KB has to be looked up when
it is first touched, which takes as long as to read it; in pages of 2 MB it is looked up once for
all.
"""

import mmap
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np

from kg.snapshot import Snapshot
from kg.snapshot.container import Strings
from kg.snapshot.quantised import Quantised
from kg.snapshot.tables import Ragged

_LEAST, _MOST = 512 * 1024, 16 * 1024 * 1024
"""Vectors or tables of fewer bytes have few pages, and would take two large ones. Those of more
bytes stay in their files: the copy is memory that the system cannot take back."""
_PAGE, _LINE = 2 * 1024 * 1024, 64
_HUGE: int | None = getattr(mmap, "MADV_HUGEPAGE", None)
_WALKED = {
    "pairs": ("indptr", "entry", "passage", "is_title", "weak", "sentences", "by_passage"),
    "words": ("key", "passages"),
    "gazetteer": ("key", "surface", "entries", "label", "entity"),
    "sentences": ("indptr",),
    "entities": ("surface",),
    "facts": ("subject", "object", "relation", "passages"),
    "passages": ("id",),
    "derived": ("facts", "hubs", "kept"),
}
"""What a walk reads besides vectors."""


def resident(vectors: Quantised) -> Quantised:
    """The same vectors, in large pages if they are few, not very few, and the system has such
    pages."""
    if (
        not _LEAST <= vectors.values.nbytes <= _MOST
        or (pages := _Pages.of(vectors.values.nbytes)) is None
    ):
        return vectors
    return Quantised(pages.hold(vectors.values), vectors.scale)


def resident_tables(snapshot: Snapshot) -> Snapshot:
    """The same snapshot, what walks read besides vectors in large pages; as `resident`."""
    sizes: list[int] = []

    def count(array: Any) -> Any:
        sizes.append(array.nbytes + _LINE)
        return array

    _held(snapshot, count)
    if not _LEAST <= sum(sizes) <= _MOST or (pages := _Pages.of(sum(sizes))) is None:
        return snapshot
    return _held(snapshot, pages.hold)


def _held(snapshot: Snapshot, hold: Callable[[Any], Any]) -> Snapshot:
    tables = {name: getattr(snapshot, name) for name in _WALKED}
    return replace(
        snapshot,
        **{
            name: replace(
                table, **{row: _column(getattr(table, row), hold) for row in _WALKED[name]}
            )
            for name, table in tables.items()
            if table is not None
        },
    )


def _column(column: Any, hold: Callable[[Any], Any]) -> Any:
    """A column with its arrays where `hold` puts them."""
    if not isinstance(column, Strings | Ragged):
        return hold(column)
    arrays = [getattr(column, field.name) for field in fields(column) if field.init]
    return type(column)(*map(hold, arrays))


class _Pages:
    """Memory in large pages, filled from its start."""

    def __init__(self, memory: mmap.mmap) -> None:
        self._bytes = np.frombuffer(memory, dtype=np.uint8)
        self._used = -self._bytes.ctypes.data % _PAGE

    @classmethod
    def of(cls, size: int) -> "_Pages | None":
        """For so many bytes; None if the system has no such pages."""
        if _HUGE is None:
            return None
        memory = mmap.mmap(-1, size + _PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        try:
            memory.madvise(_HUGE)
        except OSError:  # the system was built without
            return None
        return cls(memory)

    def hold(self, array: Any) -> Any:
        """A copy of an array, read-only."""
        end = self._used + array.nbytes
        held = self._bytes[self._used : end].view(array.dtype).reshape(array.shape)
        held[...] = array
        held.flags.writeable = False
        self._used = end + -end % _LINE
        return held
