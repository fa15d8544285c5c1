"""How near passages and their sentences are to a question: inner products with vectors rounded to
bytes that lie in a snapshot's mapped files."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from kg.snapshot.quantised import Int8Array
from kg.snapshot.tables import Float32Array, Int32Array, Int64Array
from retrieval.loops.arrays import empty, zeros
from retrieval.loops.compiled import FLOAT_ROWS, FLOATS, INTS, LONGS, OCTET_ROWS, compiled
from retrieval.loops.lanes import LANES, ROWS, VIEWS, block, fetch

_AHEAD = 16
"""So many rows ahead vectors are fetched."""

_LARGEST = 127
"""The largest number of a row: `kg.snapshot.quantised.LARGEST`."""

Int16Array: TypeAlias = npt.NDArray[np.int16]

Vectors: TypeAlias = tuple[Int8Array, Float32Array, Int64Array, Int8Array, Float32Array]
"""Those of passages and their scale; where the sentences of each passage begin; and theirs."""
VECTORS = f"Tuple(({OCTET_ROWS}, {FLOATS}, {LONGS}, {OCTET_ROWS}, {FLOATS}))"

Wanted: TypeAlias = tuple[Int16Array, Float32Array, Int32Array, Float32Array]
"""What passages are compared with, the v views of a question and its aim as `whole_of` makes them;
and ascending passages whose own products with the views (v, k) are known."""

Looked: TypeAlias = tuple[Float32Array, Int64Array, Float32Array]
"""(v, m): the similarities of passages to the views; (m,): what takes the number of a sentence of
each to its place in the last; (s,): the products of all their sentences with the aim."""


@compiled()
def whole_of(views: Float32Array) -> tuple[Int16Array, Float32Array]:
    """The views in 16-bit numbers, with 0 in further axes to a multiple of `LANES`, and what one of
    them is worth; so small that no sum of a row's products with them needs more than 32 bits."""
    axes = views.shape[1]
    largest = min(32767, (2**31 - 1) // (_LARGEST * max(axes, 1)))
    whole = zeros((len(views), (axes + LANES - 1) // LANES * LANES), np.int16)
    worth = empty(len(views), np.float32)
    for view in range(len(views)):
        most = np.float32(0.0)
        for axis in range(axes):
            most = max(most, abs(views[view, axis]))
        worth[view] = most / np.float32(largest)
        for axis in range(axes if worth[view] > 0 else 0):
            whole[view, axis] = np.int16(np.rint(views[view, axis] / worth[view]))
    return whole, worth


@compiled()
def made_of(
    rows: Int32Array,
    vectors: Int8Array,
    scale: Float32Array,
    whole: Int16Array,
    worth: Float32Array,
    views: int,
) -> Float32Array:
    """As `products`, with the first of the views that `whole_of` makes.

    Some rows at a time, the last ones together with some of those before them.
    """
    count, width = len(rows), vectors.shape[1]
    blocks = width // LANES * LANES
    rest = zeros(ROWS * LANES, np.int8)
    found = empty((views + ROWS, count), np.float32)
    for number in range(0, count, ROWS):
        for later in range(number + _AHEAD, min(number + _AHEAD + ROWS, count)):
            fetch(vectors, np.int64(rows[later]))
        start = np.int64(max(min(number, count - ROWS), 0))
        if blocks < width:
            for place in range(min(count, ROWS)):
                for axis in range(blocks, width):
                    rest[LANES * place + axis - blocks] = vectors[rows[start + place], axis]
        for first in range(0, views, VIEWS):
            places = start, np.int64(count), np.int64(first), np.int64(views)
            block(vectors, scale, whole, worth, rest, found, rows, *places)
    return found[:views]  # behind these is what `block` puts where rows are lacking


@compiled(f"float32[:, ::1]({INTS}, {OCTET_ROWS}, {FLOATS}, {FLOAT_ROWS})")
def products(
    rows: Int32Array, vectors: Int8Array, scale: Float32Array, views: Float32Array
) -> Float32Array:
    """(v, n) inner products of v views with n rows of `vectors`."""
    whole, worth = whole_of(views)
    chosen = empty(len(rows), np.int32)  # of the one type that `made_of` is compiled for
    for number in range(len(rows)):
        chosen[number] = rows[number]
    return made_of(chosen, vectors, scale, whole, worth, len(views))


@compiled()
def _put_known(
    passages: Int32Array,
    all_: int,
    known: Int32Array,
    own: Float32Array,
    found: Float32Array,
    before: int,
) -> Int32Array:
    """Put what `own` (v, k) has of ascending passages, out of so many, among the ascending `known`
    into `found` (v, before + n), behind those before; gives the places of the others."""
    unknown = empty(len(passages), np.int32)
    place = count = 0
    for number in range(len(passages)):
        if len(known) == all_:
            place = passages[number]
        while place < len(known) and known[place] < passages[number]:
            place += 1
        if place < len(known) and known[place] == passages[number]:
            for view in range(len(found)):
                found[view, before + number] = own[view, place]
        else:
            unknown[count] = number
            count += 1
    return unknown[:count]


@compiled()
def _sentences_of(passages: Int32Array, indptr: Int64Array) -> Int32Array:
    """The rows of passages' sentences, indptr[p]:indptr[p + 1]."""
    count = 0
    for number in range(len(passages)):
        count += indptr[passages[number] + 1] - indptr[passages[number]]
    rows = empty(count, np.int32)
    count = 0
    for number in range(len(passages)):
        for row in range(indptr[passages[number]], indptr[passages[number] + 1]):
            rows[count] = row
            count += 1
    return rows


@compiled()
def _put_best(
    passages: Int32Array, indptr: Int64Array, made: Float32Array, found: Float32Array, before: int
) -> None:
    """Make what passages have in `found` (v, before + n), behind those before, the mean of that and
    of the best of their sentences in `made`."""
    first = 0
    for number in range(len(passages)):
        end = first + indptr[passages[number] + 1] - indptr[passages[number]]
        for view in range(len(found)):
            best = np.float32(-np.inf)
            for row in range(first, end):
                best = max(best, made[view, row])
            mean = np.float32(0.5) * (found[view, before + number] + best)
            found[view, before + number] = mean
        first = end


@compiled()
def looked_at(
    passages: Int32Array, stored: Vectors, wanted: Wanted, found_before: Looked
) -> Looked:
    """What was found of m passages before, and behind it that of n ascending passages: the mean of
    their own products with the views, and of the best ones of their sentences."""
    vectors, scale, indptr, sentences, sentence_scale = stored
    whole, worth, known, own = wanted
    views_before, shift_before, relevance_before = found_before
    before, last = len(shift_before), len(worth) - 1
    found = empty((last, before + len(passages)), np.float32)
    for view in range(last):
        for number in range(before):
            found[view, number] = views_before[view, number]
    unknown = _put_known(passages, len(vectors), known, own, found, before)
    rows = empty(len(unknown), np.int32)
    for number in range(len(unknown)):
        rows[number] = passages[unknown[number]]
    made = made_of(rows, vectors, scale, whole, worth, last)
    for view in range(last):
        for number in range(len(unknown)):
            found[view, before + unknown[number]] = made[view, number]
    rows = _sentences_of(passages, indptr)
    made = made_of(rows, sentences, sentence_scale, whole, worth, last + 1)
    shift = empty(before + len(passages), np.int64)
    relevance = empty(len(relevance_before) + len(rows), np.float32)
    for number in range(before):
        shift[number] = shift_before[number]
    for place in range(len(relevance_before)):
        relevance[place] = relevance_before[place]
    for place in range(len(rows)):
        relevance[len(relevance_before) + place] = made[last, place]
    first = len(relevance_before)
    for number in range(len(passages)):
        shift[before + number] = first - indptr[passages[number]]
        first += indptr[passages[number] + 1] - indptr[passages[number]]
    _put_best(passages, indptr, made, found, before)
    return found, shift, relevance
