"""Personalized PageRank over a snapshot's graph: the port and two engines that agree.

`RelaxationPageRank` is the one that answers questions: its loop releases the interpreter lock.
`IgraphPageRank` wraps a copy of the graph that people explore, and is what tests compare with.
"""

from retrieval.pagerank.igraph import IgraphPageRank
from retrieval.pagerank.port import PageRank, reset_distribution
from retrieval.pagerank.relaxation import RelaxationPageRank

__all__ = ["IgraphPageRank", "PageRank", "RelaxationPageRank", "reset_distribution"]
