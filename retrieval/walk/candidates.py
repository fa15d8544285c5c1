"""The passages that a walk may begin at: the best for each of its sources."""

from collections.abc import Sequence

from kg.snapshot.tables import Floats, Ints
from retrieval.walk.links import LinkBonus
from retrieval.walk.loops import distinct
from retrieval.walk.similarity import Similarity, most

_MANY = 1_000
"""Of a name that more passages mention, only those are candidates that are near the question."""


def candidates(
    similarity: Similarity, views: Floats, links: Sequence[LinkBonus], count: int
) -> Ints:
    """For each view, and for each link among the passages that mention it, the `count` best by
    their own vectors and their names; distinct."""
    nearest, near = similarity.nearest(views, count)
    found = [nearest]
    for link in links:
        mentioning = link.passages(near, max(_MANY, count))
        if len(mentioning) > count:
            score = similarity.own(mentioning, views).max(axis=0)
            for other in links:
                score += other.at(mentioning)
            mentioning = mentioning[most(score, count)]
        found.append(mentioning)
    return distinct(found)
