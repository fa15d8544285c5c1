"""One step of the walk: passage -> bridge -> passage, conditioned on the question.

A bridge is an entry that a source passage shares with others and that the question does not
name. With the fitness w(e, p) of arriving at passage p over bridge e, and the mass rest(e, p1) of
all that e leads to besides p1:

    w(e, p)   = exp((r/2 + base(p)/2 + 0.2 [e is p's title]) / 0.09)
                r = the best inner product of the sentences of p that name e with the question
    P(e | p1) ∝ idf(e) · rest(e, p1)^0.5
    h(p2)     = Σ over p1, e of  a(p1) · P(e | p1) · w(e, p2) / rest(e, p1),   p2 ≠ p1
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from kg.snapshot.tables import Floats, Ints, Longs
from retrieval.walk.base import Base
from retrieval.walk.constants import WalkConstants
from retrieval.walk.loops import best_relevance, distinct, places_of, rest_of, table_of
from retrieval.walk.postings import Postings

Doubles: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Moves:
    """All that the step moved: m moves, each from one passage on to one bridge."""

    origin: Ints
    """(m,): the passage that a move comes from."""
    which: Ints
    """(m,): the row of `indptr` of the bridge that it goes to."""
    rate: Doubles
    """(m,): what it brings to a passage of the bridge for each unit of that passage's weight."""
    indptr: Longs
    """(bridges + 1,): the rows of `passage` and `weight` that each bridge leads to."""
    passage: Ints
    weight: Doubles
    """How well each passage fits as the end of a move over its bridge."""

    def into(self, passage: int) -> tuple[Ints, Ints, Doubles]:
        """(origin, row of the bridge, mass) of all that arrives at a passage, from others only."""
        rows = np.flatnonzero(self.passage == passage)
        bridges = np.searchsorted(self.indptr, rows, side="right") - 1
        weight = np.zeros(len(self.indptr) - 1)
        weight[bridges] = self.weight[rows]
        mass = self.rate * weight[self.which]
        arriving = np.flatnonzero((mass > 0) & (self.origin != passage))
        return self.origin[arriving], self.which[arriving], mass[arriving]


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """Where the step arrives, and over which bridges."""

    arrivals: Floats
    """(m,): h above, in the order of the base's passages; sums to at most 1."""
    bridges: Ints
    """The entries that were walked over."""
    flow: Floats
    """How much went over each of them."""
    moves: Moves
    """Every part of `arrivals`, by where it came from; its bridges are those of `bridges`."""
    share: float = 1.0
    """What `arrivals` counts for in the score."""


def take_step(
    base: Base, reset: Floats, excluded: Ints, postings: Postings, constants: WalkConstants
) -> Step:
    """Take the step from `reset` (in the order of the base's passages).

    `excluded` are the entries that the question names. The base looks at the passages that the step
    comes to, and has more of them afterwards.
    """
    sources = np.flatnonzero(reset > 0).astype(np.int32)
    origin, bridge = postings.bridges_of(base.passages[sources], excluded)
    entries = distinct([bridge])
    which = places_of(table_of(entries), entries, bridge)
    indptr, rows = postings.rows_of(entries)
    base.look_at(postings.pairs.passage[rows])
    place, weight = _weights(base, rows, postings, constants)

    origin = sources[origin]
    rest, own = rest_of(origin, which, indptr, place, weight)
    alive = np.flatnonzero(rest)
    origin, which, rest, own = origin[alive], which[alive], rest[alive], own[alive]
    preference = postings.idf(entries)[which] * rest**constants.mass_exponent
    moved = reset[origin] * preference / np.bincount(origin, preference)[origin]

    # Each (origin, bridge) sends rate · w to every passage of the bridge but the origin.
    rate = moved / rest
    sent = weight * np.repeat(_sums(which, rate, len(entries)), np.diff(indptr))
    arrivals = _sums(place, sent, len(base.passages))
    arrivals -= _sums(origin, own * rate, len(base.passages))
    return Step(
        arrivals=np.maximum(arrivals, 0.0).astype(np.float32),
        bridges=entries,
        flow=_sums(which, moved, len(entries)).astype(np.float32),
        moves=Moves(
            origin=base.passages[origin],
            which=which,
            rate=rate,
            indptr=indptr,
            passage=postings.pairs.passage[rows],
            weight=weight,
        ),
    )


def _weights(
    base: Base, rows: Longs, postings: Postings, constants: WalkConstants
) -> tuple[Ints, Doubles]:
    """For each pair the place of its passage, and w above, in a common scale."""
    pairs = postings.pairs
    passage = pairs.passage[rows]
    place = base.places(passage)
    relevance = best_relevance(
        rows, pairs.sentences.indptr, pairs.sentences.items, base.shift[place], base.relevance
    )
    fitness = (
        0.5 * relevance
        + 0.5 * base.score[place]
        + constants.bridge_title_bonus * pairs.is_title[rows]
    ) / constants.temperature
    return place, np.exp(fitness.astype(np.float64) - fitness.max(initial=-np.inf))


def _sums(rows: Ints, amounts: Doubles, count: int) -> Doubles:
    """(count,): the sum of the amounts of each row."""
    return np.bincount(rows, amounts, minlength=count).astype(np.float64)
