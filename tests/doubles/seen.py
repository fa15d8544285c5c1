"""Passages that were looked at, with similarities given by hand in place of those of vectors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kg.snapshot import Snapshot
from kg.snapshot.tables import Float32Array
from retrieval.loops import sets, shared
from retrieval.loops.looking import Seen, Sight
from retrieval.walk.links import LinkBonus, linked
from tests.doubles.loops import called

table_of, base_scores = called(sets.table_of), called(shared.base_scores)


@dataclass(frozen=True, kw_only=True, slots=True)
class Looked:
    """What a walk knows of the passages that it looked at, and how it would look at others."""

    sight: Sight
    seen: Seen

    @property
    def score(self) -> Float32Array:
        """Their base scores."""
        return self.seen[6]


def look(
    snapshot: Snapshot,
    views: Sequence[Sequence[float]] = (),
    relevance: Sequence[float] = (),
    links: Sequence[LinkBonus] = (),
) -> Looked:
    """At all passages of a snapshot, each in the place of its number; similarity is 0 of all that
    nothing is said of."""
    indptr, count = snapshot.sentences.indptr, len(snapshot.passages.id)
    similar = np.array(views or [[0.0] * count], dtype=np.float32)
    near = np.array(relevance or [0.0] * int(indptr[-1]), dtype=np.float32)
    every, named = np.arange(count, dtype=np.int32), linked(links, snapshot.pairs)
    floats, none = np.zeros((0, 0), np.float32), np.zeros(0, np.float32)
    rows = np.zeros((0, 2), np.int8)
    longs = np.zeros(0, np.int64)
    words = floats, longs, longs, every[:0]
    nothing = np.zeros((len(links), 0), np.float32), none
    scores = base_scores(every, similar, named, *nothing)
    vectors = rows, none, indptr, rows, none
    wanted = np.zeros((1, 2), np.int16), np.zeros(1, np.float32), every[:0], floats
    return Looked(
        sight=(vectors, wanted, 0.0, words, named),
        seen=(table_of(every), every, similar, np.zeros(count, np.int64), near, *scores),
    )
