"""PageRank by igraph, which also is the copy of the graph that people explore."""

from threading import Lock
from typing import Any

import numpy as np

from kg.errors import DependencyMissing
from kg.snapshot.tables import Adjacency
from retrieval.pagerank.port import Reset, Scores, reset_distribution


class IgraphPageRank:
    """igraph's PRPACK solver. Holds the interpreter lock while it works."""

    def __init__(self, adjacency: Adjacency) -> None:
        """Copy the graph: a node for each row, an edge for each pair and each loop.

        Raises: DependencyMissing.
        """
        try:
            from igraph import Graph
        except ImportError as error:
            raise DependencyMissing("igraph", "igraph") from error
        nodes = len(adjacency.indptr) - 1
        source = np.repeat(np.arange(nodes, dtype=np.int64), np.diff(adjacency.indptr))
        once = source <= adjacency.indices
        ends = np.column_stack((source[once], adjacency.indices[once]))
        self._graph = Graph(n=nodes, edges=ends.tolist(), directed=False)
        self._graph.es["weight"] = adjacency.weights[once].tolist()
        self._lock = Lock()

    @property
    def graph(self) -> Any:
        """The `igraph.Graph`: vertices are the adjacency's rows, edges have a 'weight'.

        igraph is not thread-safe: do not use it while questions are being answered.
        """
        return self._graph

    def rank(self, reset: Reset, *, damping: float = 0.5) -> Scores:
        """See `PageRank.rank`."""
        weights = reset_distribution(reset, self._graph.vcount(), damping)
        if not len(weights):  # igraph would abort the process
            return weights
        with self._lock:
            scores = self._graph.personalized_pagerank(
                damping=damping,
                directed=False,
                weights="weight",
                reset=weights.tolist(),
                implementation="prpack",
            )
        return np.array(scores, dtype=np.float64)
