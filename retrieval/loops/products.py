"""Inner products with vectors rounded to bytes that lie in a snapshot's mapped files."""

from typing import Any

import numba  # whole, before another thread imports it from its other end
import numba.core.cgutils
import numpy as np
from llvmlite import ir
from numba import types
from numba.core.registry import cpu_target
from numba.extending import intrinsic

from kg.snapshot.quantised import Int8Array
from kg.snapshot.tables import Float32Array, Int32Array, Int64Array
from retrieval.loops.arrays import empty, zeros
from retrieval.loops.compiled import FLOAT_ROWS, FLOATS, INTS, LONGS, OCTET_ROWS, compiled

_build: Any = numba.core.cgutils
_types: Any = types
"""Helpers for what has to be written in the compiler's own terms; they have no types."""

_AHEAD = 10
"""So many rows ahead vectors are fetched."""

_LARGEST = 127
"""The largest number of a row: `kg.snapshot.quantised.LARGEST`."""
_features = cpu_target.target_context.codegen().magic_tuple()[2].split(",")
"""Of the processor that loops are compiled for."""
_WIDEST = [
    (lanes, name)
    for feature, lanes, name in (
        ("avx512bw", 32, "llvm.x86.avx512.pmaddw.d.512"),
        ("avx2", 16, "llvm.x86.avx2.pmadd.wd"),
    )
    if f"+{feature}" in _features
]
_LANES, _PAIRS = _WIDEST[0] if _WIDEST else (16, "")
"""Numbers that are multiplied at once, and what the processor has for it: products of 16-bit
numbers, of which each two neighbours are added. '': a product of so many, whatever has to be done
for it."""

_I8, _I16, _I32, _I64 = (ir.IntType(bits) for bits in (8, 16, 32, 64))
_WIDE = ir.VectorType(_I16, _LANES)
_SUMS = ir.VectorType(_I32, _LANES // 2 if _PAIRS else _LANES)
_MASK, _QUARTER = ir.VectorType(_I32, _SUMS.count), ir.VectorType(_I32, 4)
_FLOATS = ir.VectorType(ir.FloatType(), 4)


def _fetch_of(_: Any, vectors: Any, _row: Any) -> Any:
    """Begin to read a row that will be needed soon: rows lie far apart in memory, and to wait for
    them took half the time."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = _I8.as_pointer()
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        stride = _build.unpack_tuple(builder, array.strides)[0]
        row = builder.gep(builder.bitcast(array.data, address), [builder.mul(arguments[1], stride)])
        kind = ir.FunctionType(ir.VoidType(), [address, _I32, _I32, _I32])
        fetch = _build.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        line, zero = stride.type(64), stride.type(0)
        with _build.for_range_slice(builder, zero, stride, line, stride.type) as (place, _):
            builder.call(fetch, [builder.gep(row, [place]), _I32(0), _I32(3), _I32(1)])
        return context.get_dummy_value()

    return types.void(vectors, types.int64), code


def _four_of(
    _: Any,
    vectors: Any,
    scale: Any,
    views: Any,
    worth: Any,
    rest: Any,
    found: Any,
    _row: Any,
    _first: Any,
    _count: Any,
    _axes: Any,
    _column: Any,
) -> Any:
    """Put the products of a row with four views, or fewer, into a column of `found`.

    Sums of the first axes, a multiple of `_LANES`, are made here; those of the others come in
    `rest`.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row, first, count, axes, column = arguments[6:]
        octets, scales, whole, worths, added, products_ = (
            context.make_array(kind)(context, builder, array)
            for kind, array in zip(signature.args[:6], arguments[:6], strict=True)
        )
        columns, width = (_build.unpack_tuple(builder, array.shape)[1] for array in (octets, whole))
        start = builder.gep(octets.data, [builder.mul(row, columns)])
        of_views = [
            builder.gep(whole.data, [builder.mul(builder.add(first, _I64(number)), width)])
            for number in range(4)
        ]
        none = ir.Constant(_SUMS, [0] * _SUMS.count)
        sums = [_build.alloca_once_value(builder, none) for _ in range(4)]
        for number in range(1, 5):
            with builder.if_then(builder.icmp_signed("==", count, _I64(number))):
                _sum_up(builder, start, axes, list(zip(of_views, sums, strict=True))[:number])
        four = _added(builder, [builder.load(total) for total in sums])
        four = builder.add(four, _loaded(builder, added.data, _I64(0), four.type))
        product = builder.sitofp(four, _FLOATS)
        of_row = builder.load(builder.gep(scales.data, [row]))
        alike = builder.insert_element(ir.Constant(_FLOATS, ir.Undefined), of_row, _I32(0))
        alike = builder.shuffle_vector(alike, alike, ir.Constant(_QUARTER, [0] * 4))
        # Else whether it is this product or that of the factors that is rounded is the compiler's.
        kind, name = ir.FunctionType(_FLOATS, [_FLOATS]), "llvm.arithmetic.fence.v4f32"
        fence = _build.get_or_insert_function(builder.module, kind, name)
        product = builder.call(fence, [builder.fmul(product, alike)])
        product = builder.fmul(product, _loaded(builder, worths.data, first, _FLOATS))
        length = _build.unpack_tuple(builder, products_.shape)[1]
        for number in range(4):
            at = builder.mul(builder.add(first, _I64(number)), length)
            target = builder.gep(products_.data, [builder.add(at, column)])
            builder.store(builder.extract_element(product, _I32(number)), target)
        return context.get_dummy_value()

    places = [types.int64] * 5
    return types.void(vectors, scale, views, worth, rest, found, *places), code


def _sum_up(builder: Any, start: Any, axes: Any, views: list[Any]) -> None:
    """Add the products of a row with each view to the sums beside it."""
    with _build.for_range_slice(builder, _I64(0), axes, _I64(_LANES), _I64) as (place, _):
        some = builder.sext(_loaded(builder, start, place, ir.VectorType(_I8, _LANES)), _WIDE)
        for view, total in views:
            more = _multiplied(builder, some, _loaded(builder, view, place, _WIDE))
            builder.store(builder.add(builder.load(total), more), total)


def _added(builder: Any, sums: list[Any]) -> Any:
    """The total of each of four vectors, as one of four: pairs of neighbours side by side are what
    processors have instructions for."""
    quarters = range(0, _SUMS.count, 4)

    def beside(left: Any, right: Any, *places: int) -> Any:
        taken = [start + place for start in quarters for place in places]
        return builder.shuffle_vector(left, right, ir.Constant(_MASK, taken))

    def neighbours(left: Any, right: Any) -> Any:
        low, high = (0, other, 1, other + 1), (2, other + 2, 3, other + 3)
        return builder.add(beside(left, right, *low), beside(left, right, *high))

    other = _SUMS.count
    both = neighbours(*sums[:2]), neighbours(*sums[2:])
    low, high = (0, 1, other, other + 1), (2, 3, other + 2, other + 3)
    total = builder.add(beside(*both, *low), beside(*both, *high))
    while total.type.count > 4:
        half = total.type.count // 2
        kind = ir.VectorType(_I32, half)
        low, high = (ir.Constant(kind, [start + n for n in range(half)]) for start in (0, half))
        total = builder.add(
            builder.shuffle_vector(total, total, low), builder.shuffle_vector(total, total, high)
        )
    return total


def _loaded(builder: Any, start: Any, place: Any, kind: Any) -> Any:
    address = builder.bitcast(builder.gep(start, [place]), kind.as_pointer())
    return builder.load(address, align=1)


def _multiplied(builder: Any, left: Any, right: Any) -> Any:
    if _PAIRS:
        kind = ir.FunctionType(_SUMS, [_WIDE, _WIDE])
        return builder.call(
            _build.get_or_insert_function(builder.module, kind, _PAIRS), (left, right)
        )
    return builder.mul(builder.sext(left, _SUMS), builder.sext(right, _SUMS))


_fetch: Any = intrinsic(_fetch_of)
_four: Any = intrinsic(_four_of)


@compiled()
def _whole(views: Float32Array) -> Any:
    """The views in 16-bit numbers, with rows of 0 to a multiple of four, and what one of them is
    worth; so small that no sum of a row's products with them needs more than 32 bits."""
    axes = views.shape[1]
    largest = min(32767, (2**31 - 1) // (_LARGEST * max(axes, 1)))
    whole = zeros(((len(views) + 3) // 4 * 4, axes), np.int16)
    worth = zeros(len(whole), np.float32)
    for view in range(len(views)):
        most = np.float32(0.0)
        for axis in range(axes):
            most = max(most, abs(views[view, axis]))
        worth[view] = most / np.float32(largest)
        for axis in range(axes if worth[view] > 0 else 0):
            whole[view, axis] = np.int16(np.rint(views[view, axis] / worth[view]))
    return whole, worth


@compiled(f"float32[:, ::1]({INTS}, {OCTET_ROWS}, {FLOATS}, {FLOAT_ROWS})")
def products(
    rows: Int32Array, vectors: Int8Array, scale: Float32Array, views: Float32Array
) -> Float32Array:
    """(v, n) inner products of v views with n rows of `vectors`.

    Four views at a time cost little more than one, and each row is read once for all views.
    """
    axes = views.shape[1]
    whole, worth = _whole(views)
    blocks = axes // _LANES * _LANES
    found, rest = empty((len(whole), len(rows)), np.float32), zeros(4, np.int32)
    for number in range(len(rows)):
        if number + _AHEAD < len(rows):
            _fetch(vectors, np.int64(rows[number + _AHEAD]))
        row, column = np.int64(rows[number]), np.int64(number)
        for four in range(len(whole) // 4):
            first, count = np.int64(4 * four), np.int64(min(4, len(views) - 4 * four))
            for view in range(4 if blocks < axes else 0):
                rest[view] = 0
                for axis in range(blocks, axes):
                    rest[view] += np.int32(vectors[row, axis]) * whole[first + view, axis]
            places = row, first, count, np.int64(blocks), column
            _four(vectors, scale, whole, worth, rest, found, *places)
    return found[: len(views)]


@compiled(f"float32[:, ::1]({INTS}, {OCTET_ROWS}, {FLOATS}, {FLOAT_ROWS}, {INTS}, {FLOAT_ROWS})")
def own_products(
    passages: Int32Array,
    vectors: Int8Array,
    scale: Float32Array,
    views: Float32Array,
    known: Int32Array,
    products_: Float32Array,
) -> Float32Array:
    """(v, n) as `products` of ascending passages; those among the ascending `known` are taken from
    `products_` (v, k)."""
    found = empty((len(views), len(passages)), np.float32)
    unknown = empty(len(passages), np.int32)
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
    rows = empty(count, np.int32)
    for number in range(count):
        rows[number] = passages[unknown[number]]
    made = products(rows, vectors, scale, views)
    for view in range(len(views)):
        for number in range(count):
            found[view, unknown[number]] = made[view, number]
    return found


@compiled(
    "Tuple((int64[::1], float32[::1]))"
    f"({INTS}, {LONGS}, {OCTET_ROWS}, {FLOATS}, {FLOAT_ROWS}, Array(float32, 2, 'C'))"
)
def add_sentences(
    passages: Int32Array,
    indptr: Int64Array,
    sentences: Int8Array,
    scale: Float32Array,
    views: Float32Array,
    similarity: Float32Array,
) -> tuple[Int64Array, Float32Array]:
    """Make `similarity` (v - 1, n), the passages' own products with all views but the last, the
    mean of that and of the best of their sentences.

    Gives (n,) what takes a sentence's number to its place in the second; and all their sentences'
    products with the last view.
    """
    shift = empty(len(passages), np.int64)
    count = 0
    for number in range(len(passages)):
        shift[number] = count - indptr[passages[number]]
        count += indptr[passages[number] + 1] - indptr[passages[number]]
    rows = empty(count, np.int32)
    for number in range(len(passages)):
        for row in range(indptr[passages[number]], indptr[passages[number] + 1]):
            rows[row + shift[number]] = row
    found, last = products(rows, sentences, scale, views), len(views) - 1
    for view in range(last):
        for number in range(len(passages)):
            best = np.float32(-np.inf)
            for row in range(indptr[passages[number]], indptr[passages[number] + 1]):
                best = max(best, found[view, row + shift[number]])
            similarity[view, number] = np.float32(0.5) * (similarity[view, number] + best)
    return shift, found[last]
