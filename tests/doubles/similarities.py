"""Similarities given by hand, in place of those of vectors."""

from collections.abc import Sequence

import numpy as np

from kg.snapshot import Snapshot
from kg.snapshot.tables import Int32Array
from retrieval.walk.base import Base
from retrieval.walk.links import Bonuses, LinkBonus
from retrieval.walk.similarity import Asked, Looked, Near


class GivenSimilarity:
    """Says of passages and sentences what it was told; 0 of those it was told nothing of."""

    def __init__(
        self, snapshot: Snapshot, views: Sequence[Sequence[float]], relevance: Sequence[float]
    ) -> None:
        self._indptr = snapshot.sentences.indptr
        passages, sentences = len(snapshot.passages.id), int(self._indptr[-1])
        self.views = np.array(views or [[0.0] * passages], dtype=np.float32)
        self._relevance = np.array(relevance or [0.0] * sentences, dtype=np.float32)

    def look(
        self,
        passages: Int32Array,
        asked: Asked,
        near: Near | None = None,
        before: Looked | None = None,
    ) -> Looked:
        """See `Similarity.look`; for the first look only."""
        return Looked(
            views=np.ascontiguousarray(self.views[:, passages]),
            shift=np.zeros(len(passages), dtype=np.int64),
            relevance=self._relevance,
        )


def base_of(
    snapshot: Snapshot,
    views: Sequence[Sequence[float]] = (),
    relevance: Sequence[float] = (),
    links: Sequence[LinkBonus] = (),
) -> Base:
    """The base scores of all passages of a snapshot, each in the place of its number."""
    given = GivenSimilarity(snapshot, views, relevance)
    asked = Asked(vectors=np.zeros((len(given.views) + 1, 2)))
    base = Base(given, asked, Bonuses(links, snapshot.pairs))
    base.look_at(np.arange(len(snapshot.passages.id), dtype=np.int32))
    return base
