"""Exhaustive search for the nearest of fixed vectors, by FAISS: the port, on a GPU and on the CPU.

What it finds is a first choice. Products on a GPU are rounded in another order, or even to fewer
digits, than on the CPU; so whoever asks computes them anew for what was found, and asks for enough
more than is wanted that what `LOOSE` leaves open is among them. Then the device does not matter.
"""

from threading import Lock
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from kg.device import gpu_module
from kg.errors import DeviceFailed
from kg.vectors import Vectors, faiss_module

LOOSE = 2e-3
"""So far may a product of unit vectors lie from the true one. Single precision is off by 1e-6;
TF32, which CUDA's libraries may be set to, by up to 1e-3."""
MOST_ASKED = 2048
"""The most neighbours that FAISS finds on a GPU."""
_TEMPORARY = 128 << 20
"""Bytes of GPU memory for intermediate results, in place of 1.5 GB."""

Products: TypeAlias = npt.NDArray[np.float32]
Rows: TypeAlias = npt.NDArray[np.int64]


class Exhaustive(Protocol):
    """n vectors, known by their row numbers. Safe for several threads."""

    def nearest(self, queries: Vectors, count: int) -> tuple[Products, Rows]:
        """The `count` (at most n and MOST_ASKED) largest products of each of (q, d) queries, in
        descending order, and their rows: (q, count) each. Raises: DeviceFailed."""
        ...


class OnGpu:
    """In the memory of the first visible GPU, unrounded: 4 bytes a number."""

    def __init__(self, vectors: Vectors) -> None:
        """Copy (n, d) vectors. Raises: DeviceFailed, where there is no room or no GPU."""
        faiss = gpu_module()
        if not hasattr(faiss, "GpuIndexFlatIP"):
            raise _failed(RuntimeError("the FAISS that is installed is for CPUs alone"))
        self._lock = Lock()  # its intermediate memory is one
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
                return _searched(self._index, queries, count)
            except (RuntimeError, MemoryError) as error:
                raise _failed(error) from error


class OnCpu:
    """The same on the CPU: what that on the GPU is compared with."""

    def __init__(self, vectors: Vectors) -> None:
        """Copy (n, d) vectors."""
        self._index = faiss_module().IndexFlatIP(vectors.shape[1])
        self._index.add(np.ascontiguousarray(vectors, dtype=np.float32))

    def nearest(self, queries: Vectors, count: int) -> tuple[Products, Rows]:
        return _searched(self._index, queries, count)


def _searched(index: Any, queries: Vectors, count: int) -> tuple[Products, Rows]:
    products, rows = index.search(np.ascontiguousarray(queries, dtype=np.float32), count)
    return products, rows


def _failed(error: Exception) -> DeviceFailed:
    last = str(error).strip().splitlines()[-1:] or [type(error).__name__]
    return DeviceFailed(
        f"The GPU failed, or its memory is full: {last[0]}. Set AMMON_VECTOR_DEVICE=cpu to search "
        "vectors on the CPU."
    )
