"""The reset vector: where the walk begins."""

from dataclasses import dataclass

import numpy as np

from kg.snapshot.tables import Floats, Ints
from retrieval.question import Question
from retrieval.walk.base import Base
from retrieval.walk.constants import WalkConstants
from retrieval.walk.top import top


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


def sources(question: Question, base: Base, constants: WalkConstants) -> list[Source]:
    """All sources, with weights that sum to 1; none if there is no passage."""
    if not len(base.score):
        return []
    found: list[tuple[str, str, float, Ints, Floats]] = [
        ("question", question.text, 1.0, *_spread(base.score, None, constants))
    ]
    for number, clause in enumerate(question.clauses, start=1):
        score = base.views[number].copy()
        for link in base.links:
            if clause.holds(link.link):
                score[link.passages] += link.bonus
        found.append(
            ("clause", clause.text, constants.clause_weight, *_spread(score, None, constants))
        )
    largest = constants.idf_bonus + constants.title_bonus
    for link in base.links:
        if len(link.passages):
            weight = constants.link_weight * float(link.bonus.max()) / largest
            spread = _spread(base.score[link.passages], link.passages, constants)
            found.append(("link", question.text[link.link.start : link.link.end], weight, *spread))
    total = sum(weight for _, _, weight, _, _ in found)
    return [
        Source(
            kind=kind,
            label=label,
            weight=weight / total,
            passages=where,
            mass=mass * weight / total,
        )
        for kind, label, weight, where, mass in found
    ]


def reset_vector(found: list[Source], passages: int) -> Floats:
    """The sum of all sources: (P,), sums to 1."""
    reset = np.zeros(passages, dtype=np.float64)
    for source in found:
        np.add.at(reset, source.passages, source.mass)
    return reset.astype(np.float32)


def _spread(scores: Floats, where: Ints | None, constants: WalkConstants) -> tuple[Ints, Floats]:
    """A softmax over the best `pool` scores: (their passages, their masses, which sum to 1)."""
    best = top(scores, constants.pool)
    weights = np.exp((scores[best] - scores[best[0]]) / constants.temperature)
    passages = best if where is None else where[best]
    return passages.astype(np.int32), (weights / weights.sum()).astype(np.float32)
