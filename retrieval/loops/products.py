"""How near passages and their sentences are to a question: inner products with vectors rounded to
bytes that lie in a snapshot's mapped files."""

from typing import Any

import numpy as np

from kg.snapshot.quantised import Int8Array
from kg.snapshot.tables import Float32Array, Int32Array, Int64Array
from retrieval.loops.arrays import empty, zeros
from retrieval.loops.compiled import FLOAT_ROWS, FLOATS, INTS, LONGS, OCTET_ROWS, compiled
from retrieval.loops.lanes import LANES, ROWS, VIEWS, block, fetch

_AHEAD = 16
"""So many rows ahead vectors are fetched."""

_LARGEST = 127
"""The largest number of a row: `kg.snapshot.quantised.LARGEST`."""


@compiled()
def _whole(views: Float32Array) -> Any:
    """The views in 16-bit numbers, and what one of them is worth; so small that no sum of a row's
    products with them needs more than 32 bits."""
    axes = views.shape[1]
    largest = min(32767, (2**31 - 1) // (_LARGEST * max(axes, 1)))
    whole, worth = zeros((len(views), axes), np.int16), empty(len(views), np.float32)
    for view in range(len(views)):
        most = np.float32(0.0)
        for axis in range(axes):
            most = max(most, abs(views[view, axis]))
        worth[view] = most / np.float32(largest)
        for axis in range(axes if worth[view] > 0 else 0):
            whole[view, axis] = np.int16(np.rint(views[view, axis] / worth[view]))
    return whole, worth


@compiled()
def _rest(
    vectors: Int8Array, rows: Int32Array, whole: Any, first: int, begin: int, rest: Int32Array
) -> None:
    """Products of `ROWS` rows of `vectors` with some views in the axes from `begin` on."""
    for view in range(min(VIEWS, len(whole) - first)):
        for row in range(ROWS):
            total = np.int32(0)
            for axis in range(begin, whole.shape[1]):
                total += np.int32(vectors[rows[row], axis]) * whole[first + view, axis]
            rest[ROWS * view + row] = total


@compiled()
def _made(
    rows: Int32Array, vectors: Int8Array, scale: Float32Array, whole: Any, worth: Float32Array
) -> Float32Array:
    """As `products`, with views as `_whole` makes them.

    Some rows at a time, the last ones together with some of those before them; each is read once
    for all views.
    """
    count, blocks = len(rows), whole.shape[1] // LANES * LANES
    rest = zeros(VIEWS * ROWS, np.int32)
    chosen = empty(max(count, ROWS if count else 0), np.int32)
    for number in range(len(chosen)):
        chosen[number] = rows[min(number, count - 1)]
    found = empty((len(whole), len(chosen)), np.float32)
    for number in range(0, count, ROWS):
        for later in range(ROWS):
            if number + _AHEAD + later < count:
                fetch(vectors, np.int64(rows[number + _AHEAD + later]))
        start = np.int64(min(number, len(chosen) - ROWS))
        for first in range(0, len(whole), VIEWS):
            if blocks < whole.shape[1]:
                _rest(vectors, chosen[start:], whole, first, blocks, rest)
            places = start, np.int64(first), np.int64(min(VIEWS, len(whole) - first))
            block(vectors, scale, whole, worth, rest, found, chosen, *places, np.int64(blocks))
    if len(chosen) == count:
        return found
    few = empty((len(whole), count), np.float32)
    for view in range(len(whole)):
        few[view] = found[view, :count]
    return few


@compiled(f"float32[:, ::1]({INTS}, {OCTET_ROWS}, {FLOATS}, {FLOAT_ROWS})")
def products(
    rows: Int32Array, vectors: Int8Array, scale: Float32Array, views: Float32Array
) -> Float32Array:
    """(v, n) inner products of v views with n rows of `vectors`."""
    whole, worth = _whole(views)
    return _made(rows, vectors, scale, whole, worth)


@compiled()
def _put_own(
    passages: Int32Array,
    vectors: Int8Array,
    scale: Float32Array,
    whole: Any,
    worth: Float32Array,
    known: Int32Array,
    own: Float32Array,
    found: Float32Array,
) -> None:
    """Put the products of ascending passages with views into `found` (v, n); those of the ascending
    `known` are taken from `own` (v, k)."""
    unknown, rows = empty(len(passages), np.int32), empty(len(passages), np.int32)
    place = count = 0
    for number in range(len(passages)):
        if len(known) == len(vectors):
            place = passages[number]
        while place < len(known) and known[place] < passages[number]:
            place += 1
        if place < len(known) and known[place] == passages[number]:
            for view in range(len(whole)):
                found[view, number] = own[view, place]
        else:
            unknown[count], rows[count] = number, passages[number]
            count += 1
    made = _made(rows[:count], vectors, scale, whole, worth)
    for view in range(len(whole)):
        for number in range(count):
            found[view, unknown[number]] = made[view, number]


@compiled(
    "Tuple((float32[:, ::1], int64[::1], float32[::1]))"
    f"({INTS}, {OCTET_ROWS}, {FLOATS}, {LONGS}, {OCTET_ROWS}, {FLOATS}, {FLOAT_ROWS}, {INTS}, "
    f"{FLOAT_ROWS}, {FLOAT_ROWS}, {LONGS}, {FLOATS})"
)
def looked_at(
    passages: Int32Array,
    vectors: Int8Array,
    scale: Float32Array,
    indptr: Int64Array,
    sentences: Int8Array,
    sentence_scale: Float32Array,
    views: Float32Array,
    known: Int32Array,
    own: Float32Array,
    views_before: Float32Array,
    shift_before: Int64Array,
    relevance_before: Float32Array,
) -> tuple[Float32Array, Int64Array, Float32Array]:
    """What was found of m passages before, and behind it that of n ascending passages.

    (v, m + n): the mean of their own products with all of the v + 1 views but the last, and of the
    best ones of their sentences indptr[p]:indptr[p + 1]; own ones of the ascending `known` passages
    are taken from `own` (v, k). (m + n,): what takes a sentence's number to its place among (s,)
    the products of all sentences with the last view.
    """
    before, last = len(shift_before), len(views) - 1
    shift = empty(before + len(passages), np.int64)
    shift[:before] = shift_before
    count = 0
    for number in range(len(passages)):
        shift[before + number] = count - indptr[passages[number]]
        count += indptr[passages[number] + 1] - indptr[passages[number]]
    rows = empty(count, np.int32)
    count = 0
    for number in range(len(passages)):
        for row in range(indptr[passages[number]], indptr[passages[number] + 1]):
            rows[count] = row
            count += 1
    whole, worth = _whole(views)
    found = empty((last, before + len(passages)), np.float32)
    for view in range(last):
        found[view, :before] = views_before[view]
    _put_own(passages, vectors, scale, whole[:last], worth[:last], known, own, found[:, before:])
    made = _made(rows, sentences, sentence_scale, whole, worth)
    for number in range(len(passages)):
        at = before + number
        first = shift[at] + indptr[passages[number]]
        end = shift[at] + indptr[passages[number] + 1]
        for view in range(last):
            best = np.float32(-np.inf)
            for row in range(first, end):
                best = max(best, made[view, row])
            found[view, at] = np.float32(0.5) * (found[view, at] + best)
    relevance = empty(len(relevance_before) + count, np.float32)
    relevance[: len(relevance_before)] = relevance_before
    relevance[len(relevance_before) :] = made[last]
    for number in range(len(passages)):
        shift[before + number] += len(relevance_before)
    return found, shift, relevance
