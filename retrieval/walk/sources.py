"""The reset vector: where the walk begins."""

from dataclasses import dataclass

import numpy as np

from kg.snapshot.tables import Floats, Ints
from retrieval.question import Question
from retrieval.walk.base import Base
from retrieval.walk.constants import WalkConstants
from retrieval.walk.loops import softmax_of_best


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One origin of the walk: the question, a clause, or a name in it."""

    kind: str
    """'question', 'clause' or 'link'."""
    label: str
    weight: float
    """Its share of the reset vector; all sources' shares sum to 1."""
    places: Ints
    """In the base, of `passages`."""
    passages: Ints
    """Different ones."""
    mass: Floats
    """How its share is spread over `passages`; sums to `weight`."""
    number: int = 0
    """Which view, or which link, it is."""


def sources(question: Question, base: Base, constants: WalkConstants) -> list[Source]:
    """All sources, with weights that sum to 1; none if there is no passage."""
    if not len(base.score):
        return []
    everywhere = base.score[:0]
    found = [("question", question.text, 1.0, base.score, everywhere, 0)]
    for number, clause in enumerate(question.clauses, start=1):
        inside = [row for row, link in enumerate(base.links) if clause.holds(link.link)]
        score = base.views[number]
        if inside:
            score = score + base.bonuses[inside].sum(axis=0)
        found.append(("clause", clause.text, constants.clause_weight, score, everywhere, number))
    largest = constants.idf_bonus + constants.title_bonus
    for number, bonus in enumerate(base.links):
        if base.bonuses[number].any():
            name = question.text[bonus.link.start : bonus.link.end]
            weight = constants.link_weight * bonus.largest / largest
            found.append(("link", name, weight, base.score, base.bonuses[number], number))
    total = sum(weight for _, _, weight, _, _, _ in found)
    made = []
    for kind, label, weight, score, among, number in found:
        places, mass = softmax_of_best(score, among, constants.pool, constants.temperature)
        share = weight / total
        made.append(
            Source(
                kind=kind,
                label=label,
                weight=share,
                number=number,
                places=places,
                passages=base.passages[places],
                mass=mass * np.float32(share),
            )
        )
    return made


def reset_vector(found: list[Source], base: Base) -> Floats:
    """The sum of all sources: (m,), in the order of the base's passages; sums to 1."""
    reset = np.zeros_like(base.score)
    for source in found:
        reset[source.places] += source.mass
    return reset
