"""Which texts go through a model together."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Rows: TypeAlias = npt.NDArray[np.int64]

_BATCH_TOKENS = 256
"""Batches above this are no faster than texts one by one, and take more memory."""
_BATCH_TEXTS = 32
_PASS = 10
"""What a pass through the model costs beside its tokens, in tokens: the reading of its weights. A
text that needs no more padding than this is cheaper in a batch than alone."""


def batches(lengths: Sequence[int], *, together: bool) -> list[Rows]:
    """Rows to run together, the longest first: one by one, or padded to the longest of each."""
    order = np.argsort(-np.array(lengths, dtype=np.int64), kind="stable")
    found: list[list[int]] = []
    for row in order.tolist():
        longest = lengths[found[-1][0]] if found else 0
        joins = (
            together
            and found
            and longest - lengths[row] <= _PASS
            and len(found[-1]) < min(_BATCH_TEXTS, _BATCH_TOKENS // longest)
        )
        if joins:
            found[-1].append(row)
        else:
            found.append([row])
    return [np.array(rows, dtype=np.int64) for rows in found]
