"""Inner products of rows of bytes with views, by the widest instructions that the processor has.

Four rows are multiplied with up to four views at a time: what was read is used several times, the
sums stay in the processor's registers, and those of four rows are added up side by side.
"""

from itertools import chain
from typing import Any

import numba  # whole, before another thread imports it from its other end
import numba.core.cgutils
from llvmlite import ir
from numba import types
from numba.core.registry import cpu_target
from numba.extending import intrinsic

_build: Any = numba.core.cgutils
_types: Any = types
"""Helpers for what has to be written in the compiler's own terms; they have no types."""

_features = cpu_target.target_context.codegen().magic_tuple()[2].split(",")
"""Of the processor that loops are compiled for."""
_WIDEST = [
    (lanes, views, name)
    for feature, lanes, views, name in (
        ("avx512bw", 32, 4, "llvm.x86.avx512.pmaddw.d.512"),
        ("avx2", 16, 2, "llvm.x86.avx2.pmadd.wd"),
    )
    if f"+{feature}" in _features
]
LANES, VIEWS, _PAIRS = _WIDEST[0] if _WIDEST else (16, 2, "")
"""Numbers that are multiplied at once; with how many views, for the sums of which there are
registers; and what the processor has for it: products of 16-bit numbers, of which each two
neighbours are added. '': a product of so many, whatever has to be done for it."""
ROWS = 4
"""Rows that are multiplied at once."""

_I8, _I16, _I32, _I64 = (ir.IntType(bits) for bits in (8, 16, 32, 64))
_OCTETS, _WIDE = ir.VectorType(_I8, LANES), ir.VectorType(_I16, LANES)
_SUMS = ir.VectorType(_I32, LANES // 2 if _PAIRS else LANES)
_MASK, _QUARTER = ir.VectorType(_I32, _SUMS.count), ir.VectorType(_I32, ROWS)
_FLOATS = ir.VectorType(ir.FloatType(), ROWS)


def _fetch_of(_: Any, vectors: Any, _row: Any) -> Any:
    """fetch(vectors, row): begin to read a row that will be needed soon; rows lie far apart in
    memory, and to wait for them took half the time."""

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


def _block_of(
    _: Any,
    vectors: Any,
    scale: Any,
    views: Any,
    worth: Any,
    rest: Any,
    found: Any,
    rows: Any,
    _column: Any,
    _count: Any,
    _first: Any,
    _end: Any,
) -> Any:
    """block(vectors, scale, views, worth, rest, found, rows, column, count, first, end): put the
    products of the `ROWS` rows rows[column:count] with the views first:end, up to `VIEWS`, into
    found[first:, column:]. Where there are fewer rows, the last stands for those that lack: what is
    put for these is behind the row of `found`.

    A view has 0 in further axes to a multiple of `LANES`. What the rows have in axes beyond such a
    multiple comes in `rest`, `LANES` numbers for each.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        column, count, first, end = arguments[7:]
        octets, scales, whole, worths, rest_, products, chosen = (
            context.make_array(kind)(context, builder, array)
            for kind, array in zip(signature.args[:7], arguments[:7], strict=True)
        )
        columns, width, length = (
            _build.unpack_tuple(builder, array.shape)[1] for array in (octets, whole, products)
        )
        starts, of_rows = [], ir.Constant(_FLOATS, ir.Undefined)
        for row, place in enumerate(_from(builder, column, count, ROWS)):
            number = builder.sext(builder.load(builder.gep(chosen.data, [place])), _I64)
            starts.append(builder.gep(octets.data, [builder.mul(number, columns)]))
            one = builder.load(builder.gep(scales.data, [number]))
            of_rows = builder.insert_element(of_rows, one, _I32(row))
        rests = [builder.gep(rest_.data, [_I64(LANES * row)]) for row in range(ROWS)]
        # Else whether it is this product or that of the factors that is rounded is the compiler's.
        kind, name = ir.FunctionType(_FLOATS, [_FLOATS]), "llvm.arithmetic.fence.v4f32"
        fence = _build.get_or_insert_function(builder.module, kind, name)

        def put(several: int) -> None:
            places = _from(builder, first, end, several)
            of_views = [builder.gep(whole.data, [builder.mul(at, width)]) for at in places]
            totals = _sums_of(builder, starts, of_views, columns, rests)
            for at, sums in zip(places, totals, strict=True):
                four = builder.sitofp(_added(builder, sums), _FLOATS)
                product = builder.call(fence, [builder.fmul(four, of_rows)])
                worth = builder.load(builder.gep(worths.data, [at]))
                product = builder.fmul(product, _repeated(builder, worth))
                target = builder.add(builder.mul(at, length), column)
                target = builder.gep(products.data, [target])
                builder.store(product, builder.bitcast(target, _FLOATS.as_pointer()), align=1)

        alone = builder.icmp_signed("==", builder.sub(end, first), _I64(1))
        with builder.if_else(alone) as (one_view, more_views):
            with one_view:
                put(1)
            with more_views:  # as many as there may be, the last several times: less to compile
                put(VIEWS)
        return context.get_dummy_value()

    arrays = vectors, scale, views, worth, rest, found, rows
    return types.void(*arrays, *[types.int64] * 4), code


def _sums_of(
    builder: Any, rows: list[Any], views: list[Any], axes: Any, rests: list[Any]
) -> list[list[Any]]:
    """For each view the products with each row, to be added up."""
    none = ir.Constant(_SUMS, [0] * _SUMS.count)
    sums = [[_build.alloca_once_value(builder, none) for _ in rows] for _ in views]

    def add(starts: list[Any], place: Any, of_view: Any) -> None:
        wide = [builder.sext(_loaded(builder, start, place, _OCTETS), _WIDE) for start in starts]
        for view, totals in zip(views, sums, strict=True):
            some = _loaded(builder, view, of_view, _WIDE)
            for row, total in zip(wide, totals, strict=True):
                more = _multiplied(builder, row, some)
                builder.store(builder.add(builder.load(total), more), total)

    for total in chain.from_iterable(sums):
        builder.store(none, total)
    blocks = builder.and_(axes, _I64(-LANES))
    with _build.for_range_slice(builder, _I64(0), blocks, _I64(LANES), _I64) as (place, _):
        add(rows, place, place)
    with builder.if_then(builder.icmp_signed("<", blocks, axes)):
        add(rests, _I64(0), blocks)
    return [[builder.load(total) for total in totals] for totals in sums]


def _from(builder: Any, first: Any, end: Any, count: int) -> list[Any]:
    """So many numbers from `first` on; the last before `end` instead of those behind it."""
    last = builder.sub(end, _I64(1))
    numbers = [builder.add(first, _I64(number)) for number in range(count)]
    return [builder.select(builder.icmp_signed("<", n, last), n, last) for n in numbers]


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


def _repeated(builder: Any, number: Any) -> Any:
    first = builder.insert_element(ir.Constant(_FLOATS, ir.Undefined), number, _I32(0))
    return builder.shuffle_vector(first, first, ir.Constant(_QUARTER, [0] * ROWS))


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


fetch: Any = intrinsic(_fetch_of)
block: Any = intrinsic(_block_of)
