"""A walk over one snapshot, from what a question asks to the scores of passages.

    score = (1 - w2) · ((1 - w1) · reset + w1 · first) + w2 · second

Where most passages share no name with a better one, most of the mass goes nowhere, and what moves
comes from and to the few that do, whether they fit or not. So w1 and w2 are less in proportion, and
the sources count more, where the first step moves less than two thirds of all mass: what answers is
then where the question led to.

The second step starts from the few passages that are best after the first one, in proportion to
their scores there: over several hops, what was found is what to go on from.
"""

import numpy as np

from kg.snapshot.tables import Float32Array, Int32Array
from retrieval.loops.stepping import Taking
from retrieval.loops.walking import Numbers, walk
from retrieval.question import Question
from retrieval.walk.base import Base
from retrieval.walk.constants import WalkConstants
from retrieval.walk.links import LinkBonus, linked
from retrieval.walk.postings import Postings
from retrieval.walk.similarity import Asked, Similarity
from retrieval.walk.sources import Sources, inside, link_weights
from retrieval.walk.step import Step

_MANY = 1_000
"""If more passages than this mention a name, only those near the question are candidates."""


class Walker:
    """Walks over one snapshot."""

    def __init__(
        self,
        similarity: Similarity,
        postings: Postings,
        gone: Int32Array,
        constants: WalkConstants,
    ) -> None:
        """`gone` are the passages that are not there, ascending."""
        self._similarity = similarity
        self._postings = postings
        self._gone = gone
        self._constants = constants
        self._candidates = constants.candidates
        if similarity.compares_all:
            self._candidates = max(constants.candidates, constants.candidates_of_few)
        self._every = similarity.every(gone) if similarity.compares_all else None
        self._numbers = _numbers(constants, postings, self._candidates)

    def walk(
        self, question: Question, asked: Asked, links: tuple[LinkBonus, ...]
    ) -> tuple[Base, Sources, tuple[Step, ...], Float32Array]:
        """The passages that were looked at for a question; where the walk began; its steps, whose
        shares and that of the reset vector sum to 1; and the scores (m,) of these passages. `links`
        are what the question's links give."""
        postings, words, near = self._postings, asked.words, self._every
        if near is None:
            near = self._similarity.near(asked.views, self._candidates, self._gone)
        spread, first, second, once, again, scores, score, passages = walk(
            (
                asked.vectors,
                asked.word_weight,
                (words.share, words.first, words.end, words.items),
                linked(links, postings.pairs),
                link_weights(links, self._constants),
                inside(question),
                np.array(question.entries, dtype=np.int32),
            ),
            near,
            self._gone,
            self._similarity.vectors,
            postings.graph,
            self._numbers,
        )
        steps = (Step.of(first, once), Step.of(second, again)) if again else (Step.of(first, once),)
        base = Base(links=links, passages=passages, score=score)
        return base, Sources(question=question, spread=spread), steps, scores


def _numbers(constants: WalkConstants, postings: Postings, candidates: int) -> Numbers:
    """The constants as the loop takes them."""
    return (
        (candidates, max(_MANY, candidates), constants.worded),
        constants.pool,
        float(constants.clause_weight),
        float(constants.temperature),
        taking(constants, postings),
    )


def taking(constants: WalkConstants, postings: Postings) -> Taking:
    """How steps are taken, by these constants."""
    weights = (
        float(constants.bridge_title_bonus),
        float(constants.temperature),
        float(constants.mass_exponent),
        float(constants.weak_bridge),
        float(constants.staying),
    )
    return (
        (postings.passages, postings.most_of_a_bridge, postings.limit, constants.second_from),
        (float(constants.moving), float(constants.step_weight), float(constants.second_weight)),
        float(constants.walked),
        weights,
    )
