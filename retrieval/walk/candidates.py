"""The passages that a walk may start from: the best for each of its sources."""

import numpy as np

from kg.snapshot.tables import Float32Array, Int32Array
from retrieval.loops.best import best_of_each
from retrieval.walk.links import Bonuses
from retrieval.walk.similarity import Near, Similarity

_MANY = 1_000
"""If more passages than this mention a name, only those near the question are candidates."""


def candidates(
    similarity: Similarity, views: Float32Array, near: Near, bonuses: Bonuses, count: int
) -> list[Int32Array]:
    """For each view, and for each link among the passages that mention it, the `count` best by
    their own vectors and their names."""
    found = [near.nearest(count)]
    for link in bonuses.links:
        mentioning = bonuses.passages(link, near.passages, max(_MANY, count))
        if len(mentioning) > count:
            own = similarity.own(mentioning, views)
            score = bonuses.scores(mentioning, own)
            mentioning = mentioning[best_of_each(score[np.newaxis], count)]
        found.append(mentioning)
    return found
