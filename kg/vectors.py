"""Nearest neighbours by inner product: the port, and FAISS behind it."""

from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from kg.errors import DependencyMissing

Vectors: TypeAlias = npt.NDArray[np.float32]
"""Unit vectors, one a row: shape (n, dimension), float32."""


class VectorIndex(Protocol):
    """An index over n vectors, known by their row numbers."""

    def search(self, queries: Vectors, k: int) -> tuple[Vectors, npt.NDArray[np.int64]]:
        """The k nearest rows of each query, best first.

        Returns scores (q, k) and row numbers (q, k); where there are fewer than k rows, the
        remaining numbers are -1.
        """
        ...

    def range_search(
        self, queries: Vectors, threshold: float
    ) -> tuple[npt.NDArray[np.int64], Vectors, npt.NDArray[np.int64]]:
        """All rows with a score above the threshold.

        Returns (indptr (q + 1,), scores, rows): query i's results, in no order, are at
        indptr[i]:indptr[i + 1].
        """
        ...


class FaissFlat:
    """Exact search with FAISS's flat inner-product index."""

    def __init__(self, vectors: Vectors) -> None:
        """Index the rows of `vectors` (n, dimension). Raises: DependencyMissing."""
        self._index = faiss_module().IndexFlatIP(vectors.shape[1])
        self._index.add(np.ascontiguousarray(vectors, dtype=np.float32))

    def search(self, queries: Vectors, k: int) -> tuple[Vectors, npt.NDArray[np.int64]]:
        """See `VectorIndex.search`."""
        scores, rows = self._index.search(np.ascontiguousarray(queries, dtype=np.float32), k)
        return scores, rows

    def range_search(
        self, queries: Vectors, threshold: float
    ) -> tuple[npt.NDArray[np.int64], Vectors, npt.NDArray[np.int64]]:
        """See `VectorIndex.range_search`."""
        limits, scores, rows = self._index.range_search(
            np.ascontiguousarray(queries, dtype=np.float32), threshold
        )
        return limits.astype(np.int64), scores, rows


def faiss_module() -> Any:
    """The module `faiss`. Raises: DependencyMissing."""
    try:
        import faiss
    except ImportError as error:
        raise DependencyMissing("faiss", "cpu") from error
    return faiss
