"""A reranker's order and the walk's, made one.

A reranker reads the question with each passage alone, so it does not know a passage that only
another one connects with the question: the walk's order counts as much as its own. Both are fused
by reciprocal ranks (Cormack, Clarke and Büttcher, SIGIR 2009).
"""

from collections.abc import Sequence

import numpy as np

from inference.reranker import Reranker
from retrieval.results import Hit

PASSAGES = 20
"""How many of the best are reranked."""
_SMOOTHING = 10.0
"""Added to each rank before its reciprocal is taken: how little the first places outdo the next."""


def reranked(reranker: Reranker, question: str, found: Sequence[Hit]) -> list[int]:
    """Places in `found`, in their new order. Raises: ModelError, DependencyMissing."""
    head = found[:PASSAGES]
    scores = reranker.score(question, [f"{hit.title}\n{hit.text}" for hit in head])
    rank = np.empty(len(head), dtype=np.float64)
    rank[np.argsort(-scores, kind="stable")] = np.arange(1, len(head) + 1)
    fused = 1 / (_SMOOTHING + rank) + 1 / (_SMOOTHING + np.arange(1, len(head) + 1))
    order = np.argsort(-fused, kind="stable").tolist()
    return [*order, *range(len(head), len(found))]
