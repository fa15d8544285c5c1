"""Base scores of similarities given by hand, in place of those of vectors."""

from collections.abc import Sequence

import numpy as np

from kg.snapshot import Snapshot
from retrieval.loops.sets import table_of
from retrieval.loops.shared import base_scores
from retrieval.walk.base import Base
from retrieval.walk.links import NO_WORDS, Bonuses, LinkBonus


def base_of(
    snapshot: Snapshot,
    views: Sequence[Sequence[float]] = (),
    relevance: Sequence[float] = (),
    links: Sequence[LinkBonus] = (),
) -> Base:
    """The base scores of all passages of a snapshot, each in the place of its number; similarity is
    0 of all that nothing is said of."""
    indptr, count = snapshot.sentences.indptr, len(snapshot.passages.id)
    similar = np.array(views or [[0.0] * count], dtype=np.float32)
    near = np.array(relevance or [0.0] * int(indptr[-1]), dtype=np.float32)
    every, bonuses = np.arange(count, dtype=np.int32), Bonuses(links, snapshot.pairs)
    nothing = np.zeros((len(links), 0), np.float32), np.zeros(0, np.float32)
    scores = base_scores(every, similar, 0.0, NO_WORDS, bonuses.linked, *nothing)
    none, rows = np.zeros((0, 2), np.float32), np.zeros((0, 2), np.int8)
    vectors = rows, np.zeros(0, np.float32), indptr, rows, np.zeros(0, np.float32)
    return Base(
        links=tuple(links),
        sight=(vectors, (none, every[:0], none), 0.0, NO_WORDS, bonuses.linked),
        seen=(table_of(every), every, similar, np.zeros(count, np.int64), near, *scores),
    )
