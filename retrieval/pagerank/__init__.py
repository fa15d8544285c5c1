"""Personalized PageRank over a snapshot's graph: the port and two engines that agree.

`PowerPageRank` is the one that answers questions: SciPy's products release the interpreter lock.
`IgraphPageRank` wraps a copy of the graph that people explore, and is what tests compare with.
"""

from retrieval.pagerank.igraph import IgraphPageRank
from retrieval.pagerank.port import PageRank, reset_distribution
from retrieval.pagerank.power import PowerPageRank

__all__ = ["IgraphPageRank", "PageRank", "PowerPageRank", "reset_distribution"]
