"""Pairs of vectors that are near each other, found without computing most of the products.

The vectors are turned so that their variance lies in the first coordinates, as in a principal
component analysis; a turn changes no product. By Cauchy and Schwarz what is left of two vectors
gives at most the product of its lengths, so that the product over the first coordinates, with that
length as one more, is an upper bound: one matrix product of a quarter of the width leaves a few
pairs in a thousand. Those are computed anew, in double precision: the result is exact.
"""

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from inference.embedder import Vectors

Rows: TypeAlias = npt.NDArray[np.int64]
Cosines: TypeAlias = npt.NDArray[np.float64]

SLACK = 1e-4
"""How far a product in single precision may lie below the true one, with much to spare."""
_WIDTH = 96
"""Coordinates kept: fewer leave more pairs to compute anew, more cost more in the product."""
_ROUNDING = 1e-6
"""Added to the squared length of what is left, which is a difference of rounded sums."""
_FRESH_WORTH_TURNING, _PAIRS_WORTH_TURNING = 1024, 50_000_000
"""Fewer are compared in full width sooner than all vectors are turned, or the axes found."""
_SAMPLE = 4096
_ROWS, _COLUMNS = 1024, 8192
"""A block of products: large enough for two threads to share, 32 MB."""
_CROWDED = 500_000
"""Candidates in a block from which on it is worth its products in full width."""
_PAIRS_AT_ONCE = 8192


def near_pairs(
    vectors: Vectors, fresh: Rows, old: Rows, least: Cosines, threshold: float, most: int
) -> Iterator[tuple[int, Rows, Rows, Cosines]]:
    """All pairs of a fresh row and another, fresh or old, with a cosine of at least `threshold`:
    (fresh rows done, first, second, cosine), each pair once, the cosines rounded to 6 decimals.

    vectors: (n, d), unit length. fresh, old: rows of it, none in both. least: (n,), may be raised
    meanwhile: pairs with a cosine below that of both rows may be left out, and such as are not
    among the `most` nearest of either row.
    """
    order = np.concatenate([fresh, old])
    full = vectors[order]
    bounds = _bounds(full) if _is_worth_turning(len(fresh), len(full)) else full
    for start in range(0, len(fresh), _ROWS):
        here = slice(start, min(start + _ROWS, len(fresh)))
        for other in range(start, len(order), _COLUMNS):
            there = slice(other, min(other + _COLUMNS, len(order)))
            block = bounds[here] @ bounds[there].T
            found = np.flatnonzero(block >= threshold - SLACK)
            if len(found) > _CROWDED:
                block = full[here] @ full[there].T
                found = _best_of_crowd(block, threshold, most)
            width = block.shape[1]
            first, second = order[start + found // width], order[other + found % width]
            wanted = block.ravel()[found] >= np.minimum(least[first], least[second]) - SLACK
            if other < here.stop:  # each pair once, and none with itself
                wanted &= start + found // width < other + found % width
            done = here.stop if there.stop == len(order) else start
            yield done, *exact(vectors, first[wanted], second[wanted], threshold)


def _is_worth_turning(fresh: int, rows: int) -> bool:
    return fresh > _FRESH_WORTH_TURNING and fresh * rows > _PAIRS_WORTH_TURNING


def _bounds(vectors: Vectors) -> Vectors:
    """(n, width + 1), whose products are upper bounds of the vectors' products."""
    if vectors.shape[1] <= _WIDTH + 1:
        return vectors
    sample = vectors[:: -(-len(vectors) // _SAMPLE)].astype(np.float64)
    _, axes = np.linalg.eigh(sample.T @ sample)  # ascending: the last have the most variance
    head = vectors @ axes[:, -_WIDTH:].astype(np.float32)
    rest = np.einsum("ij,ij->i", vectors, vectors) - np.einsum("ij,ij->i", head, head)
    tail = np.sqrt(np.maximum(rest, 0.0) + _ROUNDING)
    bounds: Vectors = np.column_stack([head, tail]).astype(np.float32, copy=False)
    return bounds


def _best_of_crowd(block: Vectors, threshold: float, most: int) -> Rows:
    """Where in a block of products those are that may be among the `most` of their row or column,
    which bounds the work where thousands of names (dates, numbers) are all near each other."""
    of_row = _least_of_best(block, most)[:, None]
    of_column = _least_of_best(block.T, most)[None, :]
    lowest = np.maximum(np.minimum(of_row, of_column), threshold)
    return np.flatnonzero(block >= lowest - SLACK)


def _least_of_best(block: Vectors, most: int) -> Vectors:
    """Each row's value at the rank `most`, counting a further one for the row itself."""
    if block.shape[1] <= most + 1:
        return np.full(len(block), -1.0, dtype=np.float32)
    ranked: Vectors = np.partition(block, -most - 1, axis=1)[:, -most - 1]
    return ranked


def exact(
    vectors: Vectors, first: Rows, second: Rows, threshold: float
) -> tuple[Rows, Rows, Cosines]:
    """The pairs that are near, with their cosines: the same in all company and from either side."""
    cosines = np.empty(len(first))
    for start in range(0, len(first), _PAIRS_AT_ONCE):
        part = slice(start, start + _PAIRS_AT_ONCE)
        one = vectors[first[part]].astype(np.float64)
        cosines[part] = np.einsum("ij,ij->i", one, vectors[second[part]].astype(np.float64))
    cosines = cosines.round(6)
    near = cosines >= threshold
    return first[near], second[near], cosines[near]
