"""How similar passages are to a question: half the passage, half its best sentence.

It is computed only for the passages that matter: the nearest by their own vectors, those that
mention the question's names, and those that the walk reaches. Their vectors stay in the snapshot's
mapped files, rounded to bytes; those of a small corpus in memory (`resident`). But for the
rounding, what is computed of what is looked at is exact.
"""

import numpy as np

from kg.codes import ALL_COMPARED, Codes
from kg.snapshot import Snapshot
from kg.snapshot.tables import Derived, Float32Array, Int32Array
from retrieval.loops.products import Vectors, products
from retrieval.loops.sets import distinct
from retrieval.loops.variety import cosines_of
from retrieval.record import record
from retrieval.walk.resident import resident
from retrieval.walk.words import SharedWords

_CODED, _USUAL, _GROWTH = 4, 100_000, 0.4
"""Of the nearest by code, four times as many as are wanted are compared by their vectors; in a
corpus of more than the usual size more, as this power of its size."""

_NO_PASSAGES: Int32Array = np.zeros(0, dtype=np.int32)


@record
class Asked:
    """The embeddings of a question."""

    vectors: Float32Array
    """(v + 1, d): of the question, of its clauses, and the aim: the mean of question and mask,
    which sentences about a bridge are compared with."""
    words: SharedWords
    """The words that are no names."""
    word_weight: float
    """What a passage gets that contains all of them."""

    @property
    def views(self) -> Float32Array:
        """(v, d): without the aim."""
        return self.vectors[:-1]

    @property
    def aim(self) -> Float32Array:
        """(d,)."""
        aim: Float32Array = self.vectors[-1]
        return aim


class Similarity:
    """The vectors of one snapshot."""

    def __init__(self, snapshot: Snapshot, derived: Derived) -> None:
        self._passages = resident(derived.vectors)
        sentences = resident(snapshot.sentences.vectors)
        self.vectors: Vectors = (
            self._passages.values,
            self._passages.scale,
            snapshot.sentences.indptr,
            sentences.values,
            sentences.scale,
        )
        """What passages are looked at by."""
        self._wider = _CODED * max(len(self._passages) / _USUAL, 1.0) ** _GROWTH
        coded = len(derived.codes) and len(self._passages) > ALL_COMPARED
        self._codes = Codes.loads(derived.codes) if coded else None

    @property
    def compares_all(self) -> bool:
        """Whether the nearest passages are found by comparing the vectors of all."""
        return self._codes is None

    def own(self, passages: Int32Array, views: Float32Array) -> Float32Array:
        """(v, n): inner products of passages' own vectors with views."""
        return products(passages, self._passages.values, self._passages.scale, views)

    def among(self, passages: Int32Array) -> Float32Array:
        """(n, n): the cosines of a few passages with one another."""
        return cosines_of(passages, self._passages.values, self._passages.scale)

    def every(self, gone: Int32Array = _NO_PASSAGES) -> Int32Array:
        """All passages but for those that are `gone`, ascending."""
        every = np.arange(len(self._passages), dtype=np.int32)
        return np.setdiff1d(every, gone, assume_unique=True) if len(gone) else every

    def near(self, views: Float32Array, count: int, gone: Int32Array = _NO_PASSAGES) -> Int32Array:
        """What is near to any view by its own vector, but for what is `gone`, ascending: of a small
        corpus all, of a large one what is nearest by code, more than `count` for each view."""
        wanted = count
        while self._codes is not None and wanted < len(self._passages):
            near = distinct(list(self._codes.nearest(views, round(self._wider * wanted))))
            near = near[1:] if near[0] < 0 else near
            near = np.setdiff1d(near, gone, assume_unique=True) if len(gone) else near
            if len(near) >= count:
                return near
            wanted *= 2
        return self.every(gone)
