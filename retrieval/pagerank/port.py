"""The port to PageRank engines, and what all of them do with a reset vector.

Personalized PageRank of an undirected weighted graph with reset distribution r and damping d is
the stationary distribution of a walker who, with probability d, follows an edge of the node that
he is at, in proportion to the edges' weights, and otherwise jumps to a node drawn from r:

    x = d (P x + r sum of x over nodes without edges) + (1 - d) r,    P = A S^-1

with A the weights and S the diagonal matrix of A's column sums. A walker at a node without edges
(or with edges of weight 0 only) jumps to r. A loop counts twice, once for each of its ends. This is
what igraph's `personalized_pagerank(directed=False, implementation="prpack")` computes; networkx
agrees but for loops, which it counts once.

Source: Haveliwala, Topic-Sensitive PageRank, WWW 2002; for retrieval: Gutiérrez et al., HippoRAG,
arXiv 2405.14831.
"""

from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from kg.errors import InputError

Reset: TypeAlias = npt.NDArray[np.float32] | npt.NDArray[np.float64]
Scores: TypeAlias = npt.NDArray[np.float64]


class PageRank(Protocol):
    """An engine over one graph, made from a `kg.snapshot.tables.Adjacency` of n nodes.

    The adjacency is symmetric: an edge of two nodes stands in both rows with the same weight, a
    loop stands in its row once. May be asked by several threads at once.
    """

    def rank(self, reset: Reset, *, damping: float = 0.5) -> Scores:
        """The scores of all nodes: (n,) float64, sum 1; an empty graph has none.

        `reset` (n,) is in any scale: finite, not negative, not 0 everywhere.
        `damping`, 0 <= damping < 1, is the probability to walk on.
        Raises: InputError.
        """
        ...


def reset_distribution(reset: Reset, nodes: int, damping: float) -> Scores:
    """The reset vector in float64, scaled to sum 1. Raises: InputError if it cannot be used."""
    if not 0.0 <= damping < 1.0:
        raise InputError(f"Damping {damping} is outside 0 <= damping < 1; HippoRAG uses 0.5.")
    if reset.shape != (nodes,):
        raise InputError(
            f"A reset vector of shape {reset.shape} does not match a graph of {nodes} nodes; "
            "give one weight for each node."
        )
    weights = reset.astype(np.float64)
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise InputError("The reset vector has weights that are negative or not finite.")
    total = float(weights.sum())
    if nodes and total == 0.0:
        raise InputError("The reset vector is 0 everywhere: give at least one node a weight.")
    return weights / total if nodes else weights
