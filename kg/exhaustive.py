"""Exhaustive nearest-neighbour search on a GPU, with FAISS, and the port to it.

The results are candidates. Inner products on a GPU are rounded in another order, or even to fewer
digits, than on the CPU. So callers request enough extra neighbours to cover an error of `LOOSE`,
and recompute the products of those found. Then the device makes no difference.
"""

from threading import Lock
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from kg.device import gpu_module
from kg.errors import DeviceFailed
from kg.vectors import Vectors

LOOSE = 2e-3
"""The largest assumed error of an inner product of unit vectors. Single precision is off by 1e-6;
TF32, which CUDA's libraries may be set to use, by up to 1e-3."""
MOST_ASKED = 2048
"""The most neighbours that FAISS finds on a GPU."""
_TEMPORARY = 128 << 20
"""Bytes of GPU memory for intermediate results, in place of 1.5 GB."""

Products: TypeAlias = npt.NDArray[np.float32]
Rows: TypeAlias = npt.NDArray[np.int64]


class Exhaustive(Protocol):
    """n vectors, identified by row number. Safe for several threads."""

    def nearest(self, queries: Vectors, count: int) -> tuple[Products, Rows]:
        """The `count` (at most n and MOST_ASKED) largest products of each of (q, d) queries, in
        descending order, and their rows: (q, count) each. Raises: DeviceFailed."""
        ...


class OnGpu:
    """In the memory of the first visible GPU, in single precision."""

    def __init__(self, vectors: Vectors) -> None:
        """Copy (n, d) vectors. Raises: DeviceFailed if there is not enough memory or no GPU."""
        faiss = gpu_module()
        if not hasattr(faiss, "GpuIndexFlatIP"):
            raise _failed(RuntimeError("the FAISS that is installed is for CPUs alone"))
        self._lock = Lock()  # its temporary memory is shared
        try:
            self._resources = faiss.StandardGpuResources()
            self._resources.setTempMemory(_TEMPORARY)
            self._index = faiss.GpuIndexFlatIP(self._resources, vectors.shape[1])
            self._index.add(np.ascontiguousarray(vectors, dtype=np.float32))
        except (RuntimeError, MemoryError) as error:
            raise _failed(error) from error

    def nearest(self, queries: Vectors, count: int) -> tuple[Products, Rows]:
        with self._lock:
            try:
                products, rows = self._index.search(
                    np.ascontiguousarray(queries, dtype=np.float32), count
                )
                return products, rows
            except (RuntimeError, MemoryError) as error:
                raise _failed(error) from error


def _failed(error: Exception) -> DeviceFailed:
    last = str(error).strip().splitlines()[-1:] or [type(error).__name__]
    return DeviceFailed(
        f"The GPU failed, or its memory is full: {last[0]}. Set AMMON_VECTOR_DEVICE=cpu to search "
        "vectors on the CPU."
    )
