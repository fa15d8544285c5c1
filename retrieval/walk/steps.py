"""The steps of a walk, and the score that they give.

    score = (1 - w2) · ((1 - w1) · reset + w1 · first) + w2 · second

Where most passages share no name with a better one, most of the mass goes nowhere, and what moves
comes from and to the few that do, whether they fit or not. So w1 and w2 are less in proportion, and
the sources count more, where the first step moves less than two thirds of all mass: what answers is
then where the question led to.

The second step starts from the few passages that are best after the first one, in proportion to
their scores there: over several hops, what was found is what to go on from.
"""

from dataclasses import replace

from kg.snapshot.tables import Float32Array, Int32Array
from retrieval.loops.best import best_alone
from retrieval.loops.moving import mixed
from retrieval.walk.base import Base
from retrieval.walk.constants import WalkConstants
from retrieval.walk.postings import Postings
from retrieval.walk.step import Step, take_step


def take_steps(
    base: Base,
    reset: Float32Array,
    excluded: Int32Array,
    postings: Postings,
    constants: WalkConstants,
) -> tuple[tuple[Step, ...], Float32Array]:
    """The steps taken, and the scores of the passages in the base after them.

    reset, excluded: as in `take_step`. The steps' shares and that of the reset vector sum to 1.
    """
    first = take_step(base, reset, excluded, postings, constants)
    moved = float(first.arrivals.sum())
    full = moved / constants.moving if moved < constants.moving else 1.0
    once, again = constants.step_weight * full, constants.second_weight * full
    first = replace(first, share=(1 - again) * once)
    early = mixed(reset, first.arrivals, once)
    if not again:
        return (first,), early
    best = best_alone(early, constants.second_from)
    second = take_step(base, best, excluded, postings, constants, again)
    return (first, second), mixed(early, second.arrivals, again)
