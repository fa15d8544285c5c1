"""The steps of a walk, and the score that they give.

    score = (1 - w2) · ((1 - w1) · reset + w1 · first) + w2 · second

The second step starts from the few passages that are best after the first one, in proportion to
their scores there: over several hops, what was found is what to go on from.
"""

from kg.snapshot.tables import Float32Array, Int32Array
from retrieval.loops.best import best_alone
from retrieval.loops.moving import mixed
from retrieval.walk.base import Base
from retrieval.walk.constants import WalkConstants
from retrieval.walk.postings import Postings
from retrieval.walk.step import Step, take_step


def direct_share(constants: WalkConstants) -> float:
    """The weight of the reset vector in the score."""
    return (1 - constants.second_weight) * (1 - constants.step_weight)


def take_steps(
    base: Base,
    reset: Float32Array,
    excluded: Int32Array,
    postings: Postings,
    constants: WalkConstants,
) -> tuple[tuple[Step, ...], Float32Array]:
    """The steps taken, and the scores of the passages in the base after them.

    reset, excluded: as in `take_step`.
    """
    again = constants.second_weight
    share = (1 - again) * constants.step_weight
    first = take_step(base, reset, excluded, postings, constants, share)
    early = mixed(reset, first.arrivals, constants.step_weight)
    if not again:
        return (first,), early
    best = best_alone(early, constants.second_from)
    second = take_step(base, best, excluded, postings, constants, again)
    return (first, second), mixed(early, second.arrivals, again)
