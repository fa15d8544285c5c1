"""PageRank by successive over-relaxation: node after node is set to what its neighbours say.

PageRank solves (I - d A S^-1) y = r up to scale: the mass of nodes without edges returns to r, so
it only stretches the solution, and dividing y by its sum accounts for it exactly. With y = S z that
is (S - d A) z = r, symmetric and positive definite. A sweep visits all nodes, works out by how much
the equation of each is missed, and sets its z so that the equation holds, times w:

    z_u += w e_u / s_u,    e_u = r_u + d (A z)_u - s_u z_u

Unlike the power iteration, which gains a factor of d a step, each node sees at once what those
before it became. With w = 2 / (1 + sqrt(1 - d²)) a sweep gains between w - 1, where edges only lead
from some nodes to others (0.07 for d = 0.5), and the root of that (0.27), which is what Chebyshev's
acceleration of the power iteration gains at the same price; here it is about 0.2.

The e of a sweep bound the error. After u is visited its equation is missed by (1 - w) e_u, and what
is added to a z makes others miss theirs by no more than d w |e_u| together; no column of A S^-1
sums to more than 1, so in the 1-norm |error of y| <= (|w - 1| + d w) |e| / (1 - d). Scaled to sum
1, y errs by no more than twice that over its sum, which is known: what starts at a node with edges
comes to 1 / (1 - d) of itself. Sweeps go on until this is below the tolerance.

Source: Young, Iterative Solution of Large Linear Systems, 1971, chapters 4 and 6; Kahan for
matrices like this one, whose entries off the diagonal are not positive.
"""

import numpy as np
import numpy.typing as npt

from kg.snapshot.tables import Adjacency, Float32Array, Int64Array
from retrieval.pagerank.port import Reset, Scores, reset_distribution

_ROUNDING = 1e-13
"""Errors below this, divided by 1 - d, cannot be told from rounding."""


class RelaxationPageRank:
    """The engine that answers questions. Releases the interpreter lock while it sweeps.

    Nodes are visited by their number of edges, so that the processor foresees where each row ends
    (half of the time was lost where it did not), and among equals by their last neighbour, for
    HippoRAG's graph a passage: nodes that share neighbours come close to each other in memory.
    """

    def __init__(self, adjacency: Adjacency, *, tolerance: float = 1e-9) -> None:
        """Copy the graph, 8 bytes for each entry; `tolerance` bounds the sum of all errors."""
        from retrieval.loops.relaxation import relax

        self._relax = relax
        self._tolerance = tolerance
        weights, strength = _weights(adjacency)
        lengths = np.where(strength > 0, np.diff(adjacency.indptr), 0)
        last = np.full(len(lengths), -1, dtype=np.int32)
        last[lengths > 0] = adjacency.indices[adjacency.indptr[1:][lengths > 0] - 1]
        self._order = np.lexsort((last, -lengths))
        """The nodes in the order in which they are visited; those without edges stand behind."""
        self._connected = int(np.count_nonzero(lengths))
        self._strength = np.where(strength > 0, strength, 1.0)[self._order]
        self._indptr, self._indices, self._weights = _reordered(adjacency, weights, self._order)

    def rank(self, reset: Reset, *, damping: float = 0.5) -> Scores:
        """See `PageRank.rank`."""
        start = reset_distribution(reset, len(self._order), damping)
        if damping == 0.0 or not len(start):
            return start
        start = start[self._order]
        connected = self._connected
        total = 1.0 + start[:connected].sum() * damping / (1.0 - damping)
        over = 2.0 / (1.0 + np.sqrt(1.0 - damping * damping))
        tolerance = max(self._tolerance, _ROUNDING / (1.0 - damping))
        enough = tolerance * total / 2 * (1.0 - damping) / (over - 1.0 + damping * over)
        z = np.zeros_like(start)
        z[connected:] = start[connected:]
        self._relax(
            self._indptr,
            self._indices,
            self._weights,
            self._strength,
            start,
            z,
            connected,
            damping,
            over,
            enough,
        )
        # Over-relaxation may leave a hair below zero where nothing arrives.
        z = np.maximum(z * self._strength, 0.0)
        scores = np.empty_like(z)
        scores[self._order] = z / z.sum()
        return scores


def _weights(adjacency: Adjacency) -> tuple[Float32Array, Scores]:
    """(entries,) the weights, those of loops twice; (n,) their sums by node."""
    nodes = len(adjacency.indptr) - 1
    rows = np.repeat(np.arange(nodes, dtype=np.int32), np.diff(adjacency.indptr))
    weights: Float32Array = adjacency.weights * np.where(
        rows == adjacency.indices, np.float32(2), 1
    )
    strength = np.bincount(rows, weights=weights, minlength=nodes).astype(np.float64)
    return weights, strength


def _reordered(
    adjacency: Adjacency, weights: Float32Array, order: Int64Array
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint32], Float32Array]:
    """The same graph with node order[i] as node i: row ends, neighbours, weights.

    Unsigned: the loops would otherwise ask of each number whether it counts from the end.
    """
    place = np.empty(len(order), dtype=np.uint32)
    place[order] = np.arange(len(order), dtype=np.uint32)
    lengths = np.diff(adjacency.indptr)[order]
    indptr = np.zeros(len(order) + 1, dtype=np.int64)
    np.cumsum(lengths, out=indptr[1:])
    entries = np.repeat(adjacency.indptr[:-1][order] - indptr[:-1], lengths)
    entries += np.arange(len(entries))
    return indptr.view(np.uint64), place[adjacency.indices[entries]], weights[entries]
