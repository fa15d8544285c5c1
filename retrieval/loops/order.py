"""The best passages of a walk, in the order of an answer."""

import numpy as np

from kg.snapshot.tables import Float32Array, Int32Array
from retrieval.loops.arrays import empty
from retrieval.loops.compiled import FLOATS, INTS, compiled
from retrieval.loops.foremost import foremost
from retrieval.loops.products import VECTORS, Vectors
from retrieval.loops.variety import NAMED, Named, cosines_of, naming, reordered


@compiled()
def _precedes(
    one: int, other: int, rounded: Float32Array, base: Float32Array, passages: Int32Array
) -> bool:
    if rounded[one] != rounded[other]:
        return bool(rounded[one] > rounded[other])
    if base[one] != base[other]:
        return bool(base[one] > base[other])
    return bool(passages[one] < passages[other])


@compiled()
def _sink(
    heap: Int32Array,
    place: int,
    count: int,
    rounded: Float32Array,
    base: Float32Array,
    passages: Int32Array,
) -> None:
    """Let a row sink in the heap of the first `count`, of which the last one is on top."""
    while 2 * place + 1 < count:
        below = 2 * place + 1
        if below + 1 < count and _precedes(heap[below], heap[below + 1], rounded, base, passages):
            below += 1
        if _precedes(heap[below], heap[place], rounded, base, passages):
            break
        heap[place], heap[below] = heap[below], heap[place]
        place = below


@compiled()
def first_rows(
    scores: Float32Array, base: Float32Array, passages: Int32Array, count: int
) -> Int32Array:
    """The rows of the `count` best scores, best first; those that are equal to four decimals by
    their base score, then by their passage's number."""
    rounded, count = empty(len(scores), np.float32), min(count, len(scores))
    for row in range(len(scores)):
        rounded[row] = np.rint(scores[row] * np.float32(10_000))
    rows = empty(count, np.int32)
    for row in range(count):
        rows[row] = row
    for place in range(count // 2 - 1, -1, -1):
        _sink(rows, place, count, rounded, base, passages)
    for row in range(count, len(scores) if count else 0):
        if _precedes(row, rows[0], rounded, base, passages):
            rows[0] = row
            _sink(rows, 0, count, rounded, base, passages)
    for last in range(count - 1, 0, -1):
        rows[0], rows[last] = rows[last], rows[0]
        _sink(rows, 0, last, rounded, base, passages)
    return rows


@compiled(
    "Tuple((int32[::1], float32[::1]))"
    f"({FLOATS}, {FLOATS}, {INTS}, int64, int64, float64, float64, float64, float64, {VECTORS}, "
    f"{NAMED})"
)
def best_passages(
    scores: Float32Array,
    base: Float32Array,
    passages: Int32Array,
    count: int,
    few: int,
    near: float,
    temperature: float,
    variety: float,
    alike: float,
    stored: Vectors,
    named: Named,
) -> tuple[Int32Array, Float32Array]:
    """(n,), (n,): the `count` best of (m,) passages and their scores, in the order of `first_rows`;
    but of the first `few`, which are the same, in that of `foremost` and `reordered`.

    stored: of all passages; named: as in `naming`.
    """
    rows = first_rows(scores, base, passages, max(count, few + 1))
    found, given = empty(len(rows), np.int32), empty(len(rows), np.float32)
    fit = empty(len(rows), np.float32)
    for place in range(len(rows)):
        row = rows[place]
        found[place], given[place], fit[place] = passages[row], scores[row], base[row]
    if foremost(given[:few], fit[:few], near, temperature):
        found[0], found[1] = found[1], found[0]
        given[0] = given[1]
    first = found[:few]
    vectors, scale, _, _, _ = stored
    cosines = cosines_of(first, vectors, scale)
    leads = naming(first, named)
    order, less = reordered(given[: few + 1], cosines, leads, variety, alike)
    before = empty(len(order), np.int32)
    for place in range(len(order)):
        before[place] = found[place]
    for place in range(len(order)):
        found[place], given[place] = before[order[place]], less[place]
    return found[:count], given[:count]
