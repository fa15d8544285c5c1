"""The reset vector: where the walk starts."""

from itertools import pairwise

import numpy as np

from kg.snapshot.tables import BoolArray, Float32Array, Float64Array, Int32Array
from retrieval.loops.sources import Spread
from retrieval.question import Question
from retrieval.record import record
from retrieval.walk.constants import WalkConstants
from retrieval.walk.links import LinkBonus


@record
class Source:
    """One origin of the walk: the question, a clause, or a name in it."""

    kind: str
    """'question', 'clause' or 'link'."""
    label: str
    weight: float
    """Its share of the reset vector; all sources' shares sum to 1."""
    number: int
    """Number of the view or of the link."""
    passages: Int32Array
    """Different ones."""
    mass: Float32Array
    """How its share is spread over `passages`; sums to `weight`."""


@record
class Sources:
    """All origins of one walk: the question, its clauses in order, then its links.

    Each is spread over the passages that are best by its own score, as a softmax; a link that gives
    nothing to any passage is none.
    """

    question: Question
    spread: Spread

    def each(self) -> tuple[Source, ...]:
        """The sources as objects: for receipts, too slow for a walk."""
        question = self.question
        named = [("question", question.text, 0)]
        named += [("clause", one.text, row) for row, one in enumerate(question.clauses, start=1)]
        named += [
            ("link", question.text[one.start : one.end], row)
            for row, one in enumerate(question.links)
        ]
        weights, indptr, passages, mass = self.spread
        pools = [slice(*ends) for ends in pairwise(indptr.tolist())]
        return tuple(
            Source(
                kind=kind,
                label=label,
                weight=weight,
                number=number,
                passages=passages[pool],
                mass=mass[pool],
            )
            for (kind, label, number), weight, pool in zip(
                named, weights.tolist(), pools, strict=True
            )
            if pool.start < pool.stop
        )


def link_weights(links: tuple[LinkBonus, ...], constants: WalkConstants) -> Float64Array:
    """(links,): what each link weighs as a source, next to 1 for the question."""
    largest = constants.idf_bonus + constants.title_bonus
    return np.array([constants.link_weight * link.largest / largest for link in links])


def inside(question: Question) -> BoolArray:
    """(clauses, links): whether each link's name occurs in the clause."""
    made = np.zeros((len(question.clauses), len(question.links)), dtype=np.bool_)
    for row, clause in enumerate(question.clauses):
        made[row] = [clause.holds(link) for link in question.links]
    return made
