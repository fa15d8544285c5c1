"""Grouping texts into batches for a model."""

from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

Rows: TypeAlias = npt.NDArray[np.int64]
_Text = TypeVar("_Text", bound=Sized)

_BATCH_TOKENS = 384
"""The fastest batch size with MiniLM; half and double are two to four per cent slower, since the
activations of larger batches do not fit into the processor's cache."""
_ROW_TOKENS = 128
"""The length at which a packed row is closed. Attention costs time and memory quadratic in a row's
length, masked or not: rows of 32 to 128 tokens are equally fast, rows of 512 take twice as long.
MuSiQue's longest question, with its clauses, has 98."""
_BATCH_TEXTS = 96
_PASS = 20
"""The fixed cost of a pass through the model, in tokens: reading its weights.

With MiniLM it is 6 on an idle machine and 20 when all cores are busy. Assuming too much costs one
per cent, assuming too little five."""


def packed(texts: Iterable[_Text], most: int = _ROW_TOKENS) -> Iterator[list[_Text]]:
    """Pack texts in order into rows of at most `most` tokens; a longer text gets its own row."""
    row: list[_Text] = []
    tokens = 0
    for text in texts:
        if row and tokens + len(text) > most:
            yield row
            row, tokens = [], 0
        row.append(text)
        tokens += len(text)
    if row:
        yield row


def batches(lengths: Sequence[int], *, together: bool) -> list[Rows]:
    """Batches of row numbers, the longest rows first: each row alone, or padded to its batch's
    longest.

    Dynamic programming finds the division of the rows, sorted by length, with the fewest tokens:
    padding included, plus `_PASS` for each batch.
    """
    order = np.argsort(-np.array(lengths, dtype=np.int64), kind="stable")
    sizes = [lengths[row] for row in order.tolist()]
    most = _BATCH_TEXTS if together else 1
    cost = [0] * (len(sizes) + 1)
    """The least cost of the first n rows."""
    begins = [0] * (len(sizes) + 1)
    """Where the last batch of the first n rows begins."""
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
