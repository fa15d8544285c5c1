"""Exhaustive search on the CPU, by the same library as on the GPU: what that is compared with."""

import numpy as np

from kg.exhaustive import Products, Rows
from kg.vectors import Vectors, faiss_module


class OnCpu:
    """`kg.exhaustive.Exhaustive` in FAISS's exact index."""

    def __init__(self, vectors: Vectors) -> None:
        """Copy (n, d) vectors."""
        self._index = faiss_module().IndexFlatIP(vectors.shape[1])
        self._index.add(np.ascontiguousarray(vectors, dtype=np.float32))

    def nearest(self, queries: Vectors, count: int) -> tuple[Products, Rows]:
        """See `kg.exhaustive.Exhaustive`."""
        products, rows = self._index.search(np.ascontiguousarray(queries, dtype=np.float32), count)
        return products, rows
