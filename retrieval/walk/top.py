"""The best of many scores."""

import numpy as np

from kg.snapshot.tables import Floats, Ints


def top(scores: Floats, count: int) -> Ints:
    """The rows of the `count` best scores, best first; of equal ones the lower row first."""
    if count < len(scores):
        threshold = np.partition(scores, len(scores) - count)[len(scores) - count]
        rows = np.flatnonzero(scores >= threshold)
    else:
        rows = np.arange(len(scores))
    order = np.lexsort((rows, -scores[rows]))[:count]
    return rows[order].astype(np.int32)
