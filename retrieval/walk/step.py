"""One step of the walk: passage -> bridge -> passage, conditioned on the question.

A bridge is an entry that a source passage shares with others and that the question does not
name. With the fitness w(e, p) of arriving at passage p over bridge e, and the mass rest(e, p1) of
all that e leads to besides p1:

    w(e, p)   = exp((r/2 + base(p)/2 + 0.2 [e is p's title]) / 0.1)
                r = the best inner product of the sentences of p that name e with the question
    P(e | p1) ∝ idf(e) · rest(e, p1)^0.5
    h(p2)     = Σ over p1, e of  a(p1) · P(e | p1) · w(e, p2) / rest(e, p1),   p2 ≠ p1
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from kg.snapshot.tables import Floats, Ints, Longs
from retrieval.walk.constants import WalkConstants
from retrieval.walk.postings import Postings

Doubles: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Moves:
    """All that the step moved: m moves, each from one passage on to one bridge."""

    origin: Longs
    """(m,): the passage that a move comes from."""
    which: Longs
    """(m,): the row of `indptr` of the bridge that it goes to."""
    rate: Doubles
    """(m,): what it brings to a passage of the bridge for each unit of that passage's weight."""
    indptr: Longs
    """(bridges + 1,): the rows of `passage` and `weight` that each bridge leads to."""
    passage: Ints
    weight: Doubles
    """How well each passage fits as the end of a move over its bridge."""

    def into(self, passage: int) -> tuple[Longs, Longs, Doubles]:
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
    """(P,): h above; sums to at most 1."""
    bridges: Ints
    """The entries that were walked over."""
    flow: Floats
    """How much went over each of them."""
    moves: Moves
    """Every part of `arrivals`, by where it came from; its bridges are those of `bridges`."""


def take_step(
    reset: Floats,
    base: Floats,
    relevance: Floats,
    excluded: Ints,
    postings: Postings,
    constants: WalkConstants,
    reaching: Callable[[Ints], None] = lambda _: None,
) -> Step:
    """Take the step from `reset` (P,).

    `base` (P,) are the passages' base scores, `relevance` (S,) the sentences' inner products with
    the question and its mask, `excluded` the entries that the question names. `reaching` is told
    the passages that the step may come to, before their scores are read.
    """
    sources = np.flatnonzero(reset > 0)
    origin, bridge = postings.bridges_of(sources)
    usable = ~np.isin(bridge, excluded)
    origin, bridge = origin[usable], bridge[usable]
    entries, which = np.unique(bridge, return_inverse=True)
    if not len(entries):
        return _no_step(reset)

    indptr, rows = postings.rows_of(entries)
    passage = postings.pairs.passage[rows]
    reaching(passage)
    fitness = (
        0.5 * postings.best_sentence(rows, relevance)
        + 0.5 * base[passage]
        + constants.bridge_title_bonus * postings.pairs.is_title[rows]
    ) / constants.temperature
    weight = np.exp(fitness.astype(np.float64) - fitness.max())
    total = np.add.reduceat(weight, indptr[:-1])

    own = _weight_at(origin, which, passage, weight, indptr, len(base))
    rest = np.maximum(total[which] - own, 0.0)
    alive = rest > total[which] * 1e-9
    origin, which, rest, own = origin[alive], which[alive], rest[alive], own[alive]
    preference = postings.idf[entries[which]] * rest**constants.mass_exponent
    sums = np.bincount(origin, preference, minlength=len(reset))
    moved = reset[origin] * preference / sums[origin]

    # Each (origin, bridge) sends rate · w to every passage of the bridge but the origin.
    rate = moved / rest
    rates = np.bincount(which, rate, minlength=len(entries))
    sent = weight * np.repeat(rates, np.diff(indptr))
    arrivals = np.bincount(passage, sent, minlength=len(reset))
    arrivals -= np.bincount(origin, own * rate, minlength=len(reset))
    flow = np.bincount(which, moved, minlength=len(entries))
    return Step(
        arrivals=np.maximum(arrivals, 0.0).astype(np.float32),
        bridges=entries.astype(np.int32),
        flow=flow.astype(np.float32),
        moves=Moves(
            origin=origin,
            which=which,
            rate=rate,
            indptr=indptr,
            passage=passage,
            weight=weight,
        ),
    )


def _no_step(reset: Floats) -> Step:
    """Nothing moves."""
    ints, longs = np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int64)
    doubles = np.zeros(0, dtype=np.float64)
    return Step(
        arrivals=np.zeros_like(reset),
        bridges=ints,
        flow=doubles.astype(np.float32),
        moves=Moves(
            origin=longs,
            which=longs,
            rate=doubles,
            indptr=np.zeros(1, dtype=np.int64),
            passage=ints,
            weight=doubles,
        ),
    )


def _weight_at(
    origin: Longs, which: Longs, passage: Ints, weight: Floats, indptr: Longs, passages: int
) -> Floats:
    """For each (origin, bridge): the bridge's weight at its origin, 0 if that was cut off."""
    keys = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr)) * passages + passage
    order = np.argsort(keys)
    wanted = which * passages + origin
    place = np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)
    found = order[place]
    own: Floats = np.where(keys[found] == wanted, weight[found], 0.0)
    return own
