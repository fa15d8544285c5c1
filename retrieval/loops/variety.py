"""The order of the best passages, of which the likes of a better one give way: the loops of
`retrieval.walk.variety`, which says why."""

from math import exp
from typing import TypeAlias

import numpy as np

from kg.snapshot.quantised import Int8Array
from kg.snapshot.tables import BoolArray, Float32Array, Float64Array, Int32Array, Int64Array
from retrieval.loops.arrays import empty, zeros
from retrieval.loops.compiled import (
    BOOLS,
    FLOATS,
    INTS,
    LONGS,
    OCTET_ROWS,
    compiled,
)
from retrieval.loops.sets import first_from


@compiled(f"float32[:, ::1]({INTS}, {OCTET_ROWS}, {FLOATS})")
def cosines_of(passages: Int32Array, vectors: Int8Array, scale: Float32Array) -> Float32Array:
    """(n, n): the inner products of the passages' vectors (P, d) with one another."""
    found = empty((len(passages), len(passages)), np.float32)
    for one in range(len(passages)):
        for other in range(one + 1):
            first, second = passages[one], passages[other]
            total = np.int32(0)
            for axis in range(vectors.shape[1]):
                total += np.int32(vectors[first, axis]) * np.int32(vectors[second, axis])
            cosine = np.float32(total) * (scale[first] * scale[second])
            found[one, other] = found[other, one] = cosine
    return found


Named: TypeAlias = tuple[Int64Array, Int32Array, Int32Array, BoolArray, Int64Array, Int32Array]
"""Of `Pairs`: `by_passage`, `entry`, `is_title`, `indptr` and `passage`."""
NAMED = f"Tuple(({LONGS}, {INTS}, {INTS}, {BOOLS}, {LONGS}, {INTS}))"


@compiled(f"bool[:, ::1]({INTS}, {NAMED})")
def naming(passages: Int32Array, named: Named) -> BoolArray:
    """(n, n): whether the row's passage names the title of the column's, and has another itself."""
    pairs_of, pairs, entry, is_title, indptr, passage = named
    found = zeros((len(passages), len(passages)), np.bool_)
    for other in range(len(passages)):
        for row in range(pairs_of[passages[other]], pairs_of[passages[other] + 1]):
            if not is_title[pairs[row]]:
                continue
            name = entry[pairs[row]]
            for one in range(len(passages)):
                end = indptr[name + 1]
                pair = first_from(passage, indptr[name], end, passages[one])
                if pair < end and passage[pair] == passages[one]:
                    found[one, other] = not is_title[pair]
    return found


@compiled()
def _to_begin_with(
    scores: Float32Array, count: int, allowed: float
) -> tuple[Float64Array, Float64Array]:
    """(count,), (count,): how alike the nearest better one may be of each, and its score."""
    nearest, now = empty(count, np.float64), empty(count, np.float64)
    for row in range(count):
        nearest[row], now[row] = allowed, scores[row]
    return nearest, now


@compiled()
def reordered(
    scores: Float32Array, cosines: Float32Array, leads: BoolArray, variety: float, alike: float
) -> tuple[Int32Array, Float32Array]:
    """(n,), (n,): the order of the n best, and their scores in that order.

    scores: of the n best, best first, and of the next one if there is any; cosines: (n, n); leads:
    (n, n), whether the row's passage names what the column's is about. See `WalkConstants` for the
    numbers.
    """
    count = len(cosines)
    least = float(scores[count]) if len(scores) > count else 0.0
    usual = 0.0
    for one in range(count):
        for other in range(count):
            if one != other:
                usual += float(cosines[one, other]) / (count * (count - 1))
    spread = max(1 - usual, 1e-6)
    allowed, steepness = usual + alike * spread, variety / spread
    nearest, now = _to_begin_with(scores, count, allowed)
    order, found = empty(count, np.int32), empty(count, np.float32)
    taken = zeros(count, np.bool_)
    for place in range(count):
        best = -1
        for row in range(count):
            if not taken[row] and (best < 0 or np.rint(now[row] * 1e4) > np.rint(now[best] * 1e4)):
                best = row
        taken[best], order[place], found[place] = True, best, now[best]
        for row in range(count):
            if taken[row] or leads[best, row] or scores[row] <= least:
                continue
            if cosines[best, row] > nearest[row]:
                nearest[row] = cosines[best, row]
                kept = exp(-steepness * (nearest[row] - allowed))
                now[row] = least + (float(scores[row]) - least) * kept
    return order, found
