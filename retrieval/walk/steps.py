"""The steps of a walk, and the score that they give.

    score = (1 - w2) · ((1 - w1) · reset + w1 · first) + w2 · second

The second step starts from the few passages that are best after the first one, in proportion to
their scores there: over several hops, what was found is what to go on from.
"""

from dataclasses import replace

import numpy as np

from kg.snapshot.tables import Floats, Ints
from retrieval.walk.base import Base
from retrieval.walk.constants import WalkConstants
from retrieval.walk.loops import best_rows
from retrieval.walk.postings import Postings
from retrieval.walk.step import Step, take_step


def direct_share(constants: WalkConstants) -> float:
    """What the reset vector counts for."""
    return (1 - constants.second_weight) * (1 - constants.step_weight)


def take_steps(
    base: Base, reset: Floats, excluded: Ints, postings: Postings, constants: WalkConstants
) -> tuple[tuple[Step, ...], Floats]:
    """The steps that are taken, and the score of the passages that the base then has.

    reset, excluded: as `take_step`.
    """
    first = take_step(base, reset, excluded, postings, constants)
    early = np.float32(constants.step_weight) * first.arrivals
    early[: len(reset)] += np.float32(1 - constants.step_weight) * reset
    share = (1 - constants.second_weight) * constants.step_weight
    steps = [replace(first, share=share)]
    score = np.float32(1 - constants.second_weight) * early
    if constants.second_weight:
        second = take_step(base, _best(early, constants), excluded, postings, constants)
        steps.append(replace(second, share=constants.second_weight))
        more = np.float32(constants.second_weight) * second.arrivals
        more[: len(score)] += score
        score = more
    return tuple(steps), score


def _best(score: Floats, constants: WalkConstants) -> Floats:
    """The best few alone; sums to 1, or is 0 throughout."""
    best = best_rows(score, constants.second_from)
    start = np.zeros_like(score)
    start[best] = score[best]
    total = start.sum()
    return start / total if total > 0 else start
