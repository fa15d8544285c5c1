"""Nearest-neighbour search among very many vectors by short codes (product quantisation), with
FAISS.

Vectors are rotated to their principal axes, of which a third is kept, and these are coded in four
bits for each pair. Codes are compared with a query by lookup tables that fit into registers,
100,000 of them in a fraction of a millisecond; the vectors themselves are only read for the
candidates. Unlike an inverted file that looks into a part of the corpus, this finds what
is near a question even if the question lies near nothing.
"""

from typing import Any, Self

import numpy as np
import numpy.typing as npt

from kg.vectors import Vectors, faiss_module

Uint8Array = npt.NDArray[np.uint8]

ALL_COMPARED = 8_000
"""So many vectors are all compared as fast as codes of them are, and nothing is missed: codes are
for more."""
_SAMPLE = 16_384
"""The number of vectors that the code is trained on."""
_CHUNK = 65_536
"""The number of vectors coded at a time, which bounds the memory used."""


class Codes:
    """Codes of n vectors, identified by row number. Safe for several threads."""

    def __init__(self, index: Any) -> None:
        self._faiss = faiss_module()
        self._index = index

    @classmethod
    def learn(cls, vectors: Vectors) -> Self:
        """Code the rows of `vectors` (n, dimension), on one thread: the steps are so short that
        several threads would mostly wait for each other. Raises: DependencyMissing."""
        faiss = faiss_module()
        threads = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(1)
        try:
            return cls(_coded(faiss, vectors))
        finally:
            faiss.omp_set_num_threads(threads)

    @classmethod
    def loads(cls, data: Uint8Array) -> Self:
        """The inverse of `dumps`, without copying the data."""
        faiss = faiss_module()
        lying = np.ascontiguousarray(data)
        return cls(faiss.read_index(faiss.ZeroCopyIOReader(faiss.swig_ptr(lying), lying.size)))

    def dumps(self) -> Uint8Array:
        """As bytes: (b,) uint8."""
        data: Uint8Array = self._faiss.serialize_index(self._index)
        return data

    def nearest(self, queries: Vectors, count: int) -> npt.NDArray[np.int32]:
        """(q, count) rows that are nearest by code to each query, on one thread; -1 where there are
        no more."""
        self._faiss.omp_set_num_threads(1)
        _, rows = self._index.search(np.ascontiguousarray(queries, dtype=np.float32), count)
        found: npt.NDArray[np.int32] = rows.astype(np.int32)
        return found


def _coded(faiss: Any, vectors: Vectors) -> Any:
    axes = max(vectors.shape[1] // 6, min(vectors.shape[1] // 2, 32)) * 2
    index = faiss.index_factory(
        vectors.shape[1], f"PCAR{axes},PQ{axes // 2}x4fs", faiss.METRIC_INNER_PRODUCT
    )
    step = max(len(vectors) // _SAMPLE, 1)
    index.train(np.ascontiguousarray(vectors[::step], dtype=np.float32))
    for start in range(0, len(vectors), _CHUNK):
        index.add(np.ascontiguousarray(vectors[start : start + _CHUNK], dtype=np.float32))
    return index
