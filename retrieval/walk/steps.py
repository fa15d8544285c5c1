"""The steps of a walk, and the score that they give.

    score = (1 - w2) · ((1 - w1) · reset + w1 · first) + w2 · second

Where most passages share no name with a better one, most of the mass goes nowhere, and what moves
comes from and to the few that do, whether they fit or not. So w1 and w2 are less in proportion, and
the sources count more, where the first step moves less than two thirds of all mass: what answers is
then where the question led to.

The second step starts from the few passages that are best after the first one, in proportion to
their scores there: over several hops, what was found is what to go on from.
"""

from kg.snapshot.tables import Float32Array, Int32Array
from retrieval.loops.walking import Stepped, walked
from retrieval.walk.base import Base
from retrieval.walk.constants import WalkConstants
from retrieval.walk.postings import Postings
from retrieval.walk.step import Step


class Steps:
    """How steps are taken over one snapshot's postings."""

    def __init__(self, postings: Postings, constants: WalkConstants) -> None:
        self._graph = postings.graph
        self._sizes = (
            postings.passages,
            postings.most_of_a_bridge,
            postings.limit,
            constants.second_from,
        )
        self._walked = float(constants.walked)
        shares = constants.moving, constants.step_weight, constants.second_weight
        self._shares = float(shares[0]), float(shares[1]), float(shares[2])
        self._weights = (
            float(constants.bridge_title_bonus),
            float(constants.temperature),
            float(constants.mass_exponent),
            float(constants.weak_bridge),
            float(constants.staying),
        )

    def take(
        self, base: Base, reset: Float32Array, excluded: Int32Array
    ) -> tuple[tuple[Step, ...], Float32Array, Base]:
        """The steps taken from `reset` (m,), what each passage of the base has; the scores of all
        passages that were seen then; and the base of these.

        `excluded` are the entries that the question names. The steps' shares and that of the reset
        vector sum to 1.
        """
        first, second, once, again, score, seen = walked(
            reset,
            self._walked,
            excluded,
            self._graph,
            self._sizes,
            self._shares,
            self._weights,
            base.sight,
            base.seen,
        )
        steps = (_step(first, once), _step(second, again)) if again else (_step(first, once),)
        return steps, score, Base(links=base.links, sight=base.sight, seen=seen)


def _step(stepped: Stepped, share: float) -> Step:
    arrivals, bridges, flow, origin, which, rate, indptr, passage, weight = stepped
    return Step(
        arrivals=arrivals,
        bridges=bridges,
        flow=flow,
        origin=origin,
        which=which,
        rate=rate,
        indptr=indptr,
        passage=passage,
        weight=weight,
        share=share,
    )
