"""The walk's inner loops: what would take NumPy many passes, copies, or arrays of the whole corpus.

They are compiled (`compiled`) for arrays that may lie in a snapshot's mapped files. A *table* finds
the place of a number in an array of distinct ones, by hashing: the walk touches thousands of a
corpus's passages and names, and keeps nothing that is as long as the corpus.

All are in this one file, for what was compiled is compiled anew only if its own file changes.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir  # type: ignore[import-untyped]  # it has no types
from numba import types
from numba.extending import intrinsic

from kg.snapshot.tables import Floats, Ints, Longs
from retrieval.walk.compiled import compiled

Doubles = npt.NDArray[np.float64]
Bits = npt.NDArray[np.uint16]
"""Numbers in half precision, as the bits that they are made of."""

_INTS = "Array(int32, 1, 'C', True)"
_LONGS = "Array(int64, 1, 'C', True)"
_FLOATS = "Array(float32, 1, 'C', True)"
_DOUBLES = "Array(float64, 1, 'C', True)"
_ROWS = "Array(float32, 2, 'C', True)"

_SPREAD = 0x9E3779B1
"""Spreads neighbouring numbers over a table (2^32 over the golden ratio)."""


def _single_of(_: Any, number: Any) -> Any:
    """A number in single precision: a float32 itself, or a float16 given as a uint16.

    The exponent moves by 112; what is next to nothing (below 2^-14) becomes 0.
    """

    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        if number == types.float32:
            return arguments[0]
        i32 = ir.IntType(32)
        half = builder.zext(arguments[0], i32)
        size = builder.and_(half, i32(0x7FFF))
        sign = builder.shl(builder.and_(half, i32(0x8000)), i32(16))
        moved = builder.add(builder.shl(size, i32(13)), i32(112 << 23))
        normal = builder.icmp_unsigned(">=", size, i32(1 << 10))
        bits = builder.or_(builder.select(normal, moved, i32(0)), sign)
        return builder.bitcast(bits, ir.FloatType())

    return types.float32(number), code


_single: Any = intrinsic(_single_of)


@compiled()
def in_fours(views: Floats) -> Floats:
    """Vectors (v, d) with rows of 0 after them, to a multiple of four: for `four_products`."""
    padded = np.zeros(((len(views) + 3) // 4 * 4, views.shape[1]), dtype=np.float32)
    padded[: len(views)] = views
    return padded


@compiled()
def four_products(
    vector: npt.NDArray[Any], views: Floats, first: int
) -> tuple[np.float32, np.float32, np.float32, np.float32]:
    """Inner products of a vector (d,), float32 or the bits of float16, with four views from row
    `first`: together they cost little more than one, since reading the vector is what takes time.
    """
    a, b, c, d = views[first], views[first + 1], views[first + 2], views[first + 3]
    one = two = three = four = np.float32(0.0)
    for axis in range(len(vector)):
        number = _single(vector[axis])
        one += number * a[axis]
        two += number * b[axis]
        three += number * c[axis]
        four += number * d[axis]
    return one, two, three, four


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


@compiled(f"float32[:, ::1]({_INTS}, {_ROWS}, {_ROWS})")
def products(rows: Ints, vectors: Floats, views: Floats) -> Floats:
    """(v, n) inner products of v views with n rows of `vectors`."""
    fours = in_fours(views)
    found = np.empty((len(fours), len(rows)), dtype=np.float32)
    for number in range(len(rows)):
        for first in range(0, len(fours), 4):
            one, two, three, four = four_products(vectors[rows[number]], fours, first)
            found[first, number], found[first + 1, number] = one, two
            found[first + 2, number], found[first + 3, number] = three, four
    return found[: len(views)]


@compiled(
    f"Tuple((float32[:, ::1], int64[::1], float32[::1]))"
    f"({_INTS}, {_LONGS}, Array(uint16, 2, 'C', True), {_ROWS})"
)
def sentence_products(
    passages: Ints, indptr: Longs, vectors: Bits, views: Floats
) -> tuple[Floats, Longs, Floats]:
    """For passages' sentences, (v - 1, n): the best product of each view but the last; (n + 1,):
    where each passage's sentences begin in the third; all sentences' products with the last view.
    """
    starts = np.zeros(len(passages) + 1, dtype=np.int64)
    for number in range(len(passages)):
        passage = passages[number]
        starts[number + 1] = starts[number] + indptr[passage + 1] - indptr[passage]
    fours = in_fours(views)
    best = np.full((len(fours), len(passages)), -np.inf, dtype=np.float32)
    relevance = np.empty(starts[-1], dtype=np.float32)
    found = np.empty(len(fours), dtype=np.float32)
    for number in range(len(passages)):
        shift = indptr[passages[number]] - starts[number]
        for place in range(starts[number], starts[number + 1]):
            for first in range(0, len(fours), 4):
                one, two, three, four = four_products(vectors[place + shift], fours, first)
                found[first], found[first + 1] = one, two
                found[first + 2], found[first + 3] = three, four
            relevance[place] = found[len(views) - 1]
            for view in range(len(views) - 1):
                best[view, number] = max(best[view, number], found[view])
    return best[: len(views) - 1], starts, relevance


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
