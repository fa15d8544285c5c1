"""Which texts go through a model together."""

from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

Rows: TypeAlias = npt.NDArray[np.int64]
_Text = TypeVar("_Text", bound=Sized)

_BATCH_TOKENS = 384
"""With MiniLM batches of this many tokens are the fastest, those of half and of double two to four
per cent slower: what the model makes of larger ones does not stay in the processor's cache."""
_ROW_TOKENS = 128
"""A packed row is closed at this length. Attention takes time and memory by the square of a row's
length, masked or not: rows of 32 to 128 tokens are equally fast, those of 512 take twice as long.
The longest question of MuSiQue has 98 with its clauses."""
_BATCH_TEXTS = 96
_PASS = 20
"""The fixed cost of a pass through the model, in tokens: reading its weights.

With MiniLM it is 6 where nothing else runs and 20 where all cores work; where this is too much it
costs a per cent, where it is too little five."""


def packed(texts: Iterable[_Text], most: int = _ROW_TOKENS) -> Iterator[list[_Text]]:
    """Pack texts into rows in order, each of at most so many tokens; a text longer than a row gets
    its own."""
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
