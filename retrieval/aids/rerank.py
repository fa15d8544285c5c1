"""Combining a reranker's order with the walk's.

A reranker reads the question with one passage at a time, so it does not recognise a passage that is
connected with the question only through another one. Therefore the walk's order counts as much as
the reranker's: both are combined by reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR
2009).
"""

from collections.abc import Sequence

import numpy as np

from inference.reranker import Reranker
from retrieval.results import Hit

PASSAGES = 20
"""How many of the best passages are reranked."""
_SMOOTHING = 10.0
"""Added to each rank before taking the reciprocal: the larger it is, the less the first ranks stand
out."""


def reranked(reranker: Reranker, question: str, found: Sequence[Hit]) -> list[int]:
    """Positions in `found`, in their new order. Raises: ModelError, DependencyMissing."""
    head = found[:PASSAGES]
    scores = reranker.score(question, [f"{hit.title}\n{hit.text}" for hit in head])
    rank = np.empty(len(head), dtype=np.float64)
    rank[np.argsort(-scores, kind="stable")] = np.arange(1, len(head) + 1)
    fused = 1 / (_SMOOTHING + rank) + 1 / (_SMOOTHING + np.arange(1, len(head) + 1))
    order = np.argsort(-fused, kind="stable").tolist()
    return [*order, *range(len(head), len(found))]
