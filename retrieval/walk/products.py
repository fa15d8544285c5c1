"""Inner products with vectors in half precision that lie in a snapshot's mapped files.

Compiled (`compiled`). What is compiled here calls nothing that is compiled in another file, for it
is compiled anew only if its own file changes.
"""

import os
import platform
from typing import Any

import llvmlite.binding
import numba.core.cgutils
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from kg.snapshot.tables import Floats, Ints, Longs
from retrieval.compiled import FLOAT_ROWS, HALF_ROWS, INTS, LONGS, compiled

Bits = npt.NDArray[np.uint16]
"""Numbers in half precision, as the bits that they are made of."""

_build: Any = numba.core.cgutils
"""Helpers for what has to be written in the compiler's own terms; they have no types."""

_KNOWS_HALVES = not os.environ.get("NUMBA_CPU_NAME") and (
    platform.machine() in ("aarch64", "arm64")
    or bool(llvmlite.binding.get_host_cpu_features().get("f16c"))
)
"""Whether the processor that loops are compiled for turns half precision into single by itself."""

_AHEAD = 3
"""So many rows ahead vectors are fetched."""


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


@compiled(f"float32[:, ::1]({INTS}, {HALF_ROWS}, {FLOAT_ROWS})")
def products(rows: Ints, vectors: Bits, views: Floats) -> Floats:
    """(v, n) inner products of v views with n rows of `vectors`.

    Four views at a time cost little more than one, for reading the vectors is what takes time.
    """
    axes = views.shape[1]
    padded = np.zeros(((len(views) + 3) // 4 * 4, axes), dtype=np.float32)
    for view in range(len(views)):
        for axis in range(axes):
            padded[view, axis] = views[view, axis]
    found = np.empty((len(padded), len(rows)), dtype=np.float32)
    for first in range(0, len(padded), 4):
        for number in range(len(rows)):
            if number + _AHEAD < len(rows):
                _fetch(vectors, np.int64(rows[number + _AHEAD]))
            row = np.int64(rows[number])
            one = two = three = four = np.float32(0.0)
            for axis in range(axes):
                entry = _single(vectors[row, axis])
                one += entry * padded[first, axis]
                two += entry * padded[first + 1, axis]
                three += entry * padded[first + 2, axis]
                four += entry * padded[first + 3, axis]
            found[first, number], found[first + 1, number] = one, two
            found[first + 2, number], found[first + 3, number] = three, four
    return found[: len(views)]


@compiled(f"float32[:, ::1]({INTS}, {HALF_ROWS}, {FLOAT_ROWS}, {INTS}, {FLOAT_ROWS})")
def own_products(
    passages: Ints, vectors: Bits, views: Floats, known: Ints, products_: Floats
) -> Floats:
    """(v, n) as `products` of ascending passages; those among the ascending `known` are taken from
    `products_` (v, k)."""
    found = np.empty((len(views), len(passages)), dtype=np.float32)
    unknown = np.empty(len(passages), dtype=np.int32)
    place, count = 0, 0
    for number in range(len(passages)):
        while place < len(known) and known[place] < passages[number]:
            place += 1
        if place < len(known) and known[place] == passages[number]:
            for view in range(len(views)):
                found[view, number] = products_[view, place]
        else:
            unknown[count] = number
            count += 1
    rows = np.empty(count, dtype=np.int32)
    for number in range(count):
        rows[number] = passages[unknown[number]]
    made = products(rows, vectors, views)
    for view in range(len(views)):
        for number in range(count):
            found[view, unknown[number]] = made[view, number]
    return found


@compiled(
    "Tuple((int64[::1], float32[::1]))"
    f"({INTS}, {LONGS}, {HALF_ROWS}, {FLOAT_ROWS}, Array(float32, 2, 'C'))"
)
def add_sentences(
    passages: Ints, indptr: Longs, sentences: Bits, views: Floats, similarity: Floats
) -> tuple[Longs, Floats]:
    """Make `similarity` (v - 1, n), the passages' own products with all views but the last, the
    mean of that and of the best of their sentences.

    Gives (n,) what takes a sentence's number to its place in the second; and all their sentences'
    products with the last view.
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
    found, last = products(rows, sentences, views), len(views) - 1
    for view in range(last):
        for number in range(len(passages)):
            best = np.float32(-np.inf)
            for row in range(indptr[passages[number]], indptr[passages[number] + 1]):
                best = max(best, found[view, row + shift[number]])
            similarity[view, number] = np.float32(0.5) * (similarity[view, number] + best)
    return shift, found[last].copy()
