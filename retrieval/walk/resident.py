"""Vectors of a small corpus, held where they are read fastest.

A question reads rows from all over a file. Mapped, each page of 4 KB has to be looked up when it is
first touched, which takes as long as to read it; in pages of 2 MB it is looked up once for all.
"""

import mmap

import numpy as np

from kg.snapshot.quantised import Quantised

_MOST = 16 * 1024 * 1024
"""Vectors of more bytes stay in their file: the copy is memory that the system cannot take back."""
_PAGE = 2 * 1024 * 1024
_HUGE: int | None = getattr(mmap, "MADV_HUGEPAGE", None)


def resident(vectors: Quantised) -> Quantised:
    """The same vectors, in large pages if they are few and the system has such pages."""
    values = vectors.values
    if _HUGE is None or not 0 < values.nbytes <= _MOST:
        return vectors
    memory = mmap.mmap(-1, values.nbytes + _PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    try:
        memory.madvise(_HUGE)
    except OSError:  # the system was built without
        return vectors
    whole = np.frombuffer(memory, dtype=np.uint8)
    start = -whole.ctypes.data % _PAGE
    held = whole[start : start + values.nbytes].view(np.int8).reshape(values.shape)
    held[...] = values
    held.flags.writeable = False
    return Quantised(held, vectors.scale)
