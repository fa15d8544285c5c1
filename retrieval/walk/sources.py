"""The reset vector: where the walk starts."""

from itertools import pairwise

import numpy as np

from kg.snapshot.tables import Float32Array, Int32Array, Int64Array
from retrieval.loops.best import pools_of
from retrieval.question import Question
from retrieval.record import record
from retrieval.walk.base import Base
from retrieval.walk.constants import WalkConstants


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
    """All origins of one walk."""

    named: tuple[tuple[str, str, float, int], ...]
    """Kind, label, weight and number of each; weights sum to 1."""
    indptr: Int64Array
    """Source i is spread over the rows indptr[i]:indptr[i + 1] of `passages` and `mass`."""
    passages: Int32Array
    mass: Float32Array
    reset: Float32Array
    """(m,): what all sources together give to each passage of the base; sums to 1."""

    def each(self) -> tuple[Source, ...]:
        """The sources as objects: for receipts, too slow for a walk."""
        pools = [slice(*ends) for ends in pairwise(self.indptr.tolist())]
        return tuple(
            Source(
                kind=kind,
                label=label,
                weight=weight,
                number=number,
                passages=self.passages[pool],
                mass=self.mass[pool],
            )
            for (kind, label, weight, number), pool in zip(self.named, pools, strict=True)
        )


def sources(question: Question, base: Base, constants: WalkConstants) -> Sources:
    """All sources: the question, its clauses in order, then its links; none if there is no passage.

    Each is spread over the passages that are best by its own score, as a softmax.
    """
    named = _named(question, base, constants) if len(base.score) else []
    inside = np.zeros((len(named), len(base.links)), dtype=np.bool_)
    for row, clause in enumerate(question.clauses if named else (), start=1):
        inside[row] = [clause.holds(link.link) for link in base.links]
    indptr, places, mass, reset = pools_of(
        base.score,
        base.views,
        base.bonuses,
        np.array([one[3] if one[0] == "clause" else -1 for one in named], dtype=np.int32),
        np.array([one[3] if one[0] == "link" else -1 for one in named], dtype=np.int32),
        inside,
        np.array([one[2] for one in named], dtype=np.float64),
        constants.pool,
        constants.temperature,
    )
    return Sources(
        named=tuple(named),
        indptr=indptr,
        passages=base.passages[places],
        mass=mass,
        reset=reset,
    )


def _named(
    question: Question, base: Base, constants: WalkConstants
) -> list[tuple[str, str, float, int]]:
    found = [("question", question.text, 1.0, 0)]
    for number, clause in enumerate(question.clauses, start=1):
        found.append(("clause", clause.text, constants.clause_weight, number))
    largest = constants.idf_bonus + constants.title_bonus
    given = base.bonuses.max(axis=1, initial=0.0).tolist()
    for number, bonus in enumerate(base.links):
        if given[number] > 0:
            name = question.text[bonus.link.start : bonus.link.end]
            found.append(("link", name, constants.link_weight * bonus.largest / largest, number))
    total = sum(weight for _, _, weight, _ in found)
    return [(kind, label, weight / total, number) for kind, label, weight, number in found]
