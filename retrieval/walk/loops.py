"""The walk's inner loops: what would take NumPy many passes, copies, or arrays of the whole corpus.

They are compiled (`compiled`) for arrays that may lie in a snapshot's mapped files. A *table* finds
the place of a number in an array of distinct ones, by hashing: the walk touches thousands of a
corpus's passages and names, and keeps nothing that is as long as the corpus.

All are in this one file, for what was compiled is compiled anew only if its own file changes.
"""

import os
import platform
from collections.abc import Sequence
from typing import Any

import llvmlite.binding
import numba.core.cgutils
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from kg.snapshot.tables import Floats, Ints, Longs
from retrieval.walk.compiled import compiled

Doubles = npt.NDArray[np.float64]
Bits = npt.NDArray[np.uint16]
"""Numbers in half precision, as the bits that they are made of."""

_build: Any = numba.core.cgutils
"""Helpers for what has to be written in the compiler's own terms; they have no types."""

_INTS = "Array(int32, 1, 'C', True)"
_LONGS = "Array(int64, 1, 'C', True)"
_FLOATS = "Array(float32, 1, 'C', True)"
_DOUBLES = "Array(float64, 1, 'C', True)"
_HALVES = "Array(uint16, 2, 'C', True)"
_ROWS = "Array(float32, 2, 'C', True)"

_KNOWS_HALVES = not os.environ.get("NUMBA_CPU_NAME") and (
    platform.machine() in ("aarch64", "arm64")
    or bool(llvmlite.binding.get_host_cpu_features().get("f16c"))
)
"""Whether the processor that loops are compiled for turns half precision into single by itself."""

_AHEAD = 3
"""So many rows ahead vectors are fetched."""
_SPREAD = 0x9E3779B1
"""Spreads neighbouring numbers over a table (2^32 over the golden ratio)."""


def halves(vectors: npt.NDArray[np.float16]) -> Bits:
    """Vectors as `products` takes them; not copied if they lie row after row."""
    return np.ascontiguousarray(vectors, dtype=np.float16).view(np.uint16)


def _single_of(_: Any, half: Any) -> Any:
    """A float16, given as its bits, in single precision, where the processor knows how.

    Elsewhere by hand: the exponent moves by 112; what is next to nothing (below 2^-14) becomes 0.
    """

    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        if _KNOWS_HALVES:
            return builder.fpext(builder.bitcast(arguments[0], ir.HalfType()), ir.FloatType())
        i32 = ir.IntType(32)
        number = builder.zext(arguments[0], i32)
        size = builder.and_(number, i32(0x7FFF))
        sign = builder.shl(builder.and_(number, i32(0x8000)), i32(16))
        moved = builder.add(builder.shl(size, i32(13)), i32(112 << 23))
        normal = builder.icmp_unsigned(">=", size, i32(1 << 10))
        bits = builder.or_(builder.select(normal, moved, i32(0)), sign)
        return builder.bitcast(bits, ir.FloatType())

    return types.float32(half), code


_single: Any = intrinsic(_single_of)


def _fetch_of(_: Any, vectors: Any, _row: Any) -> Any:
    """Begin to read a row that will be needed soon: rows lie far apart in memory, and to wait for
    them took half the time."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        i32, address = ir.IntType(32), ir.IntType(8).as_pointer()
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        stride = _build.unpack_tuple(builder, array.strides)[0]
        row = builder.gep(builder.bitcast(array.data, address), [builder.mul(arguments[1], stride)])
        kind = ir.FunctionType(ir.VoidType(), [address, i32, i32, i32])
        fetch = _build.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        line, zero = stride.type(64), stride.type(0)
        with _build.for_range_slice(builder, zero, stride, line, stride.type) as (place, _):
            builder.call(fetch, [builder.gep(row, [place]), i32(0), i32(3), i32(1)])
        return context.get_dummy_value()

    return types.void(vectors, types.int64), code


_fetch: Any = intrinsic(_fetch_of)


@compiled(f"int32[::1]({_INTS})")
def table_of(keys: Ints) -> Ints:
    """A table of distinct keys that are not negative."""
    size = 8
    while size < 2 * len(keys):
        size *= 2
    table = np.full(size, -1, dtype=np.int32)
    for row in range(len(keys)):
        slot = (np.int64(keys[row]) * _SPREAD) & (size - 1)
        while table[slot] >= 0:
            slot = (slot + 1) & (size - 1)
        table[slot] = row
    return table


@compiled(f"int32[::1]({_INTS}, {_INTS}, {_INTS})")
def places_of(table: Ints, keys: Ints, wanted: Ints) -> Ints:
    """Where each of `wanted` stands among the keys of a table; -1 where it does not."""
    places = np.empty(len(wanted), dtype=np.int32)
    last = len(table) - 1
    for number in range(len(wanted)):
        slot = (np.int64(wanted[number]) * _SPREAD) & last
        while table[slot] >= 0 and keys[table[slot]] != wanted[number]:
            slot = (slot + 1) & last
        places[number] = table[slot]
    return places


@compiled(f"int32[::1]({_INTS}, {_INTS}, {_INTS})")
def unseen(table: Ints, keys: Ints, wanted: Ints) -> Ints:
    """Those of `wanted` that are not among the keys of a table, each once, where it comes first."""
    places = places_of(table, keys, wanted)
    found = np.empty(len(wanted), dtype=np.int32)
    size = 8
    while size < 2 * len(wanted):
        size *= 2
    taken = np.full(size, -1, dtype=np.int32)
    count = 0
    for number in range(len(wanted)):
        if places[number] < 0:
            slot = (np.int64(wanted[number]) * _SPREAD) & (size - 1)
            while taken[slot] >= 0 and taken[slot] != wanted[number]:
                slot = (slot + 1) & (size - 1)
            if taken[slot] < 0:
                taken[slot] = found[count] = wanted[number]
                count += 1
    return found[:count].copy()


@compiled(f"int32[::1]({_INTS})")
def _each_once(ascending: Ints) -> Ints:
    found = np.empty(len(ascending), dtype=np.int32)
    count = 0
    for row in range(len(ascending)):
        if not row or ascending[row] != ascending[row - 1]:
            found[count] = ascending[row]
            count += 1
    return found[:count].copy()


def distinct(numbers: Sequence[Ints]) -> Ints:
    """What is in any of these arrays, each number once, ascending.

    As np.unique of all of them, in a fifth of the time for some hundreds.
    """
    none = np.zeros(0, dtype=np.int32)
    return _each_once(np.sort(np.concatenate([none, *numbers], dtype=np.int32)))


@compiled(f"float32[:, ::1]({_INTS}, {_LONGS}, {_LONGS}, {_INTS})")
def standing(passages: Ints, first: Longs, end: Longs, items: Ints) -> Floats:
    """(w, n): 1 where a passage is among the ascending items[first[w]:end[w]], else 0.

    Quickest for ascending passages: each is looked for from where the one before was found.
    """
    found = np.zeros((len(first), len(passages)), dtype=np.float32)
    for word in range(len(first)):
        low, before = first[word], np.int32(-1)
        for number in range(len(passages)):
            if passages[number] < before:
                low = first[word]
            before, stride, high = passages[number], 1, low
            while high < end[word] and items[high] < passages[number]:
                low = high + 1
                high += stride
                stride *= 2
            high = min(high, end[word])
            while low < high:
                middle = (low + high) // 2
                if items[middle] < passages[number]:
                    low = middle + 1
                else:
                    high = middle
            if low < end[word] and items[low] == passages[number]:
                found[word, number] = 1.0
    return found


@compiled(f"int32[::1]({_FLOATS}, int64)")
def best_rows(scores: Floats, count: int) -> Ints:
    """The rows of the `count` best scores, best first; of equal ones the lower row first."""
    rows = np.empty(min(count, len(scores)), dtype=np.int32)
    kept = 0
    for row in range(len(scores)):
        if kept < len(rows):
            kept += 1
        elif not kept or scores[row] <= scores[rows[kept - 1]]:
            continue
        place = kept - 1
        while place and scores[rows[place - 1]] < scores[row]:
            rows[place] = rows[place - 1]
            place -= 1
        rows[place] = row
    return rows


@compiled(f"Tuple((int32[::1], float32[::1]))({_FLOATS}, int64, float64)")
def softmax_of_best(scores: Floats, count: int, temperature: float) -> tuple[Ints, Floats]:
    """The rows of the `count` best scores, and their softmax, which sums to 1; those of minus
    infinity have no part in it."""
    rows = best_rows(scores, count)
    kept = len(rows)
    while kept and scores[rows[kept - 1]] == -np.inf:
        kept -= 1
    mass = np.empty(kept, dtype=np.float64)
    for place in range(kept):
        mass[place] = np.exp((scores[rows[place]] - scores[rows[0]]) / temperature)
    return rows[:kept].copy(), (mass / mass.sum()).astype(np.float32)


@compiled(f"float32[:, ::1]({_INTS}, {_HALVES}, {_ROWS})")
def products(rows: Ints, vectors: Bits, views: Floats) -> Floats:
    """(v, n) inner products of v views with n rows of `vectors`.

    Four views at a time cost little more than one, for reading the vectors is what takes time.
    """
    fours = (len(views) + 3) // 4 * 4
    padded = np.zeros((fours, views.shape[1]), dtype=np.float32)
    padded[: len(views)] = views
    found = np.empty((fours, len(rows)), dtype=np.float32)
    for first in range(0, fours, 4):
        a, b, c, d = padded[first], padded[first + 1], padded[first + 2], padded[first + 3]
        for number in range(len(rows)):
            if number + _AHEAD < len(rows):
                _fetch(vectors, np.int64(rows[number + _AHEAD]))
            vector = vectors[rows[number]]
            one = two = three = four = np.float32(0.0)
            for axis in range(len(vector)):
                entry = _single(vector[axis])
                one += entry * a[axis]
                two += entry * b[axis]
                three += entry * c[axis]
                four += entry * d[axis]
            found[first, number], found[first + 1, number] = one, two
            found[first + 2, number], found[first + 3, number] = three, four
    return found[: len(views)]


@compiled(
    f"Tuple((float32[:, ::1], int64[::1], float32[::1]))({_INTS}, {_LONGS}, {_HALVES}, {_ROWS})"
)
def sentence_products(
    passages: Ints, indptr: Longs, vectors: Bits, views: Floats
) -> tuple[Floats, Longs, Floats]:
    """For n passages' sentences (v - 1, n): the best product of each view but the last; (n,): what
    takes a sentence's number to its place in the third; all sentences' products with the last view.
    """
    shift = np.empty(len(passages), dtype=np.int64)
    count = 0
    for number in range(len(passages)):
        shift[number] = count - indptr[passages[number]]
        count += indptr[passages[number] + 1] - indptr[passages[number]]
    rows = np.empty(count, dtype=np.int32)
    for number in range(len(passages)):
        for row in range(indptr[passages[number]], indptr[passages[number] + 1]):
            rows[row + shift[number]] = row
    found, last = products(rows, vectors, views), len(views) - 1
    best = np.full((last, len(passages)), -np.inf, dtype=np.float32)
    for view in range(last):
        for number in range(len(passages)):
            for row in range(indptr[passages[number]], indptr[passages[number] + 1]):
                best[view, number] = max(best[view, number], found[view, row + shift[number]])
    return best, shift, found[last].copy()


@compiled(
    f"Tuple((int32[::1], int32[::1]))({_INTS}, {_LONGS}, {_INTS}, {_INTS}, {_LONGS}, {_INTS})"
)
def bridges_from(
    passages: Ints, indptr: Longs, pairs: Ints, entry: Ints, postings: Longs, excluded: Ints
) -> tuple[Ints, Ints]:
    """(place among `passages`, entry) for every entry of theirs that another passage has too."""
    most = 0
    for passage in passages:
        most += indptr[passage + 1] - indptr[passage]
    origins, entries = np.empty(most, dtype=np.int32), np.empty(most, dtype=np.int32)
    count = 0
    for place in range(len(passages)):
        for row in range(indptr[passages[place]], indptr[passages[place] + 1]):
            one = entry[pairs[row]]
            usable = postings[one + 1] - postings[one] >= 2
            for other in excluded:
                usable = usable and other != one
            if usable:
                origins[count], entries[count] = place, one
                count += 1
    return origins[:count].copy(), entries[:count].copy()


@compiled(f"float32[::1]({_LONGS}, {_LONGS}, {_INTS}, {_LONGS}, {_FLOATS})")
def best_relevance(
    rows: Longs, indptr: Longs, sentences: Ints, shift: Longs, relevance: Floats
) -> Floats:
    """For each pair (one of `rows`) the best relevance among the sentences that make it.

    `shift` (as `rows`) is what takes a sentence of the pair's passage to its place in `relevance`.
    """
    best = np.empty(len(rows), dtype=np.float32)
    for number in range(len(rows)):
        most = np.float32(-np.inf)
        for item in range(indptr[rows[number]], indptr[rows[number] + 1]):
            most = max(most, relevance[sentences[item] + shift[number]])
        best[number] = most
    return best


@compiled(f"Tuple((float64[::1], float64[::1]))({_INTS}, {_INTS}, {_LONGS}, {_INTS}, {_DOUBLES})")
def rest_of(
    origin: Ints, which: Ints, indptr: Longs, place: Ints, weight: Doubles
) -> tuple[Doubles, Doubles]:
    """For each move (origin, bridge): the weight of all that the bridge leads to but its origin,
    and that of the origin itself."""
    rest, own = np.zeros(len(origin)), np.zeros(len(origin))
    for move in range(len(origin)):
        total = 0.0
        for row in range(indptr[which[move]], indptr[which[move] + 1]):
            total += weight[row]
            if place[row] == origin[move]:
                own[move] = weight[row]
        remaining = total - own[move]
        rest[move] = remaining if remaining > 1e-9 * total else 0.0
    return rest, own


@compiled(
    f"Tuple((int64[::1], int64[::1]))({_INTS}, {_LONGS}, {_INTS}, Array(int64, 2, 'C', True))"
)
def posting_rows(entries: Ints, indptr: Longs, cut: Ints, kept: Longs) -> tuple[Longs, Longs]:
    """(indptr, pairs): the postings of each entry; for one with a number in `cut`, not -1, that row
    of `kept`."""
    ends = np.zeros(len(entries) + 1, dtype=np.int64)
    for number in range(len(entries)):
        one = entries[number]
        count = kept.shape[1] if cut[number] >= 0 else indptr[one + 1] - indptr[one]
        ends[number + 1] = ends[number] + count
    rows = np.empty(ends[-1], dtype=np.int64)
    for number in range(len(entries)):
        for place in range(ends[number + 1] - ends[number]):
            if cut[number] >= 0:
                rows[ends[number] + place] = kept[cut[number], place]
            else:
                rows[ends[number] + place] = indptr[entries[number]] + place
    return ends, rows
