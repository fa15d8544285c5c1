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
    passages: Ints
    mass: Floats
    """How its share is spread over `passages`; sums to `weight`."""
    number: int = 0
    """Which view, or which link, it is."""


def sources(question: Question, base: Base, constants: WalkConstants) -> list[Source]:
    """All sources, with weights that sum to 1; none if there is no passage."""
    if not len(base.score):
        return []
    found = [("question", question.text, 1.0, base.score, 0)]
    for number, clause in enumerate(question.clauses, start=1):
        inside = [row for row, link in enumerate(base.links) if clause.holds(link.link)]
        score = base.views[number] + base.bonuses[inside].sum(axis=0)
        found.append(("clause", clause.text, constants.clause_weight, score, number))
    largest = constants.idf_bonus + constants.title_bonus
    for number, bonus in enumerate(base.links):
        mentioned = base.bonuses[number] > 0
        if mentioned.any():
            name = question.text[bonus.link.start : bonus.link.end]
            weight = constants.link_weight * bonus.largest / largest
            score = np.where(mentioned, base.score, -np.inf)
            found.append(("link", name, weight, score, number))
    total = sum(weight for _, _, weight, _, _ in found)
    return [
        Source(
            kind=kind,
            label=label,
            weight=weight / total,
            number=number,
            passages=base.passages[best],
            mass=mass * np.float32(weight / total),
        )
        for kind, label, weight, score, number in found
        for best, mass in [softmax_of_best(score, constants.pool, constants.temperature)]
    ]


def reset_vector(found: list[Source], base: Base) -> Floats:
    """The sum of all sources: (m,), in the order of the base's passages; sums to 1."""
    passages = np.concatenate([base.passages[:0], *(source.passages for source in found)])
    mass = np.concatenate([base.score[:0], *(source.mass for source in found)])
    reset = np.bincount(base.places(passages), mass, minlength=len(base.passages))
    return reset.astype(np.float32)
