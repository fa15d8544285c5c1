"""Which texts go through a model together."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Rows: TypeAlias = npt.NDArray[np.int64]

_BATCH_TOKENS = 256
"""Batches above this are no faster than texts one by one, and take more memory."""
_BATCH_TEXTS = 64
_PASS = 20
"""What a pass through the model costs beside its tokens, in tokens: the reading of its weights.

With MiniLM it is 6 where nothing else runs and 20 where all cores work; where this is too much it
costs a per cent, where it is too little five."""


def batches(lengths: Sequence[int], *, together: bool) -> list[Rows]:
    """Rows to run together, the longest first: one by one, or padded to the longest of each.

    Of all ways to cut the rows in order of their lengths the one with the fewest tokens, padding
    included; a pass counts as some tokens too.
    """
    order = np.argsort(-np.array(lengths, dtype=np.int64), kind="stable")
    sizes = [lengths[row] for row in order.tolist()]
    most = _BATCH_TEXTS if together else 1
    cost = [0] * (len(sizes) + 1)
    """Of the first so many rows."""
    begins = [0] * (len(sizes) + 1)
    """Where the last batch of the first so many rows begins."""
    for end in range(1, len(sizes) + 1):
        cost[end] = cost[end - 1] + _PASS + sizes[end - 1]
        begins[end] = end - 1
        for begin in range(end - 2, max(end - most, 0) - 1, -1):
            tokens = sizes[begin] * (end - begin)
            if tokens > _BATCH_TOKENS:
                break
            if cost[begin] + _PASS + tokens < cost[end]:
                cost[end] = cost[begin] + _PASS + tokens
                begins[end] = begin
    found: list[Rows] = []
    end = len(sizes)
    while end:
        found.append(order[begins[end] : end])
        end = begins[end]
    return found[::-1]
