"""One step of the walk: passage -> bridge -> passage, conditioned on the question.

A bridge is an entry that a source passage shares with others and that the question does not
name. With the fitness w(e, p) of arriving at passage p over bridge e, and the mass rest(e, p1) of
all that e leads to besides p1:

    w(e, p)   = exp((r/2 + base(p)/2 + 0.2 [e is p's title]) / 0.09)
                r = the best inner product of the sentences of p that name e with the question
    P(e | p1) ∝ idf(e) · rest(e, p1)^0.5, half of it if p1 has e only inside longer names, or e is
                a number
    h(p2)     = Σ over p1, e of  a(p1) · P(e | p1) · w(e, p2) / rest(e, p1),   p2 ≠ p1

A step may also go nowhere, in proportion to 0.3 · v(p1)^0.5, where v is w of the passage itself,
with the best of all its sentences: where p1 answers and its few bridges lead to nothing, what is
there does not arrive at the least bad of that. It is not lost, for the reset vector has it.

A step does not start from passages with hardly any mass, and not over entries that the question
names. What it comes to and was not looked at, is looked at then.
"""

from typing import Self

import numpy as np

from kg.snapshot.tables import Float32Array, Float64Array, Int32Array, Int64Array
from retrieval.loops.stepping import Stepped
from retrieval.record import record


@record
class Step:
    """Where the step arrives, and over which bridges: all its m moves, each from one passage to one
    bridge, and where each bridge leads to."""

    arrivals: Float32Array
    """(n,): h above, in the order of the base's passages; sums to at most 1."""
    bridges: Int32Array
    """The entries that the walk went through."""
    flow: Float32Array
    """How much mass went through each of them."""
    origin: Int32Array
    """(m,): the passage that a move comes from."""
    which: Int32Array
    """(m,): the row of the bridge that it goes to."""
    rate: Float64Array
    """(m,): what it brings to a passage of the bridge for each unit of that passage's weight."""
    indptr: Int64Array
    """(bridges + 1,): the rows of `passage` and `weight` that each bridge leads to."""
    passage: Int32Array
    weight: Float64Array
    """How well each passage fits as the end of a move over its bridge."""
    share: float
    """The weight of `arrivals` in the score."""

    @classmethod
    def of(cls, stepped: Stepped, share: float) -> Self:
        """What the loop says of a step."""
        arrivals, bridges, flow, origin, which, rate, indptr, passage, weight = stepped
        return cls(
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

    def into(self, passage: int) -> tuple[Int32Array, Int32Array, Float64Array]:
        """(origin, row of the bridge, mass) of everything that arrives at a passage from other
        passages."""
        rows = np.flatnonzero(self.passage == passage)
        bridges = np.searchsorted(self.indptr, rows, side="right") - 1
        weight = np.zeros(len(self.indptr) - 1)
        weight[bridges] = self.weight[rows]
        mass = self.rate * weight[self.which]
        arriving = np.flatnonzero((mass > 0) & (self.origin != passage))
        return self.origin[arriving], self.which[arriving], mass[arriving]
