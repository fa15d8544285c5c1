"""Strings of several columns, read into one text.

A loop that chooses one of several columns handles all arrays of all of them in each step, and the
compiler all ways that this may go. Where they begin in memory are numbers like others.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numba.core.cgutils
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from kg.snapshot.tables import Int32Array, Int64Array, Uint8Array
from retrieval.loops.arrays import empty
from retrieval.loops.compiled import LONGS, compiled

Column: TypeAlias = tuple[Uint8Array, Int64Array]
"""A column of strings: `Strings.arrays`."""
COLUMN = f"Tuple((Array(uint8, 1, 'C', True), {LONGS}))"

_build: Any = numba.core.cgutils
_types: Any = types
_LONG = ir.IntType(64)
_OFFSET, _LINE = 8, 64
"""Bytes of an offset, and of a line of the processor's cache."""


def _put_addresses_of(_: Any, columns: Any, found: Any) -> Any:
    """put_addresses(columns, found): put what `addresses_of` tells of each column into its row of
    `found` (n, 4)."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        target = context.make_array(signature.args[1])(context, builder, arguments[1]).data
        place = 0
        for column, kinds in enumerate(signature.args[0]):
            for part, kind in enumerate(kinds):
                value = builder.extract_value(arguments[0], [column, part])
                array = context.make_array(kind)(context, builder, value)
                for number in (builder.ptrtoint(array.data, _LONG), array.nitems):
                    builder.store(number, builder.gep(target, [_LONG(place)]))
                    place += 1
        return context.get_dummy_value()

    return _types.void(columns, found), code


def _long_at_of(_: Any, _address: Any, _place: Any) -> Any:
    """long_at(address, place): the number of 64 bits at a place of an array."""

    def code(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        start = builder.inttoptr(arguments[0], _LONG.as_pointer())
        return builder.load(builder.gep(start, [arguments[1]]))

    return _types.int64(_types.int64, _types.int64), code


def _copy_of(_: Any, text: Any, _place: Any, _address: Any, _length: Any) -> Any:
    """copy(text, place, address, length): copy so many bytes in memory to a place of `text`."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, place, address, length = arguments
        data = context.make_array(signature.args[0])(context, builder, array).data
        source = builder.inttoptr(address, data.type)
        _build.raw_memcpy(builder, builder.gep(data, [place]), source, length, 1)
        return context.get_dummy_value()

    return _types.void(text, *[_types.int64] * 3), code


def _fetch_of(_: Any, _address: Any, _length: Any) -> Any:
    """fetch(address, length): begin to read so many bytes in memory that will be needed soon."""

    def code(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        address, length = arguments
        octet, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [octet, word, word, word])
        fetch = _build.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        start = builder.inttoptr(address, octet)
        with _build.for_range_slice(builder, _LONG(0), length, _LONG(_LINE), _LONG) as (place, _):
            builder.call(fetch, [builder.gep(start, [place]), word(0), word(3), word(1)])
        return context.get_dummy_value()

    return _types.void(_types.int64, _types.int64), code


put_addresses: Any = intrinsic(_put_addresses_of)
_fetch: Any = intrinsic(_fetch_of)
_long_at: Any = intrinsic(_long_at_of)
_copy: Any = intrinsic(_copy_of)


def addresses_of(columns: Sequence[Column]) -> Int64Array:
    """(n, 4): where the bytes of each column lie in memory and how many they are, and the same of
    its offsets; true while the column lives.

    Raises:
        TypeError: an array is not what a column has, or not in one piece.
    """
    for data, offsets in columns:
        for array, dtype in ((data, np.dtype(np.uint8)), (offsets, np.dtype(np.int64))):
            if array.dtype != dtype or array.ndim != 1 or not array.flags.c_contiguous:
                raise TypeError(f"A column of strings has {array.dtype}, not {dtype}.")
    return np.array(
        [
            [number for array in column for number in (array.ctypes.data, len(array))]
            for column in columns
        ]
    )


@compiled()
def strings(
    addresses: Int64Array, rows: Int32Array, first: Int64Array
) -> tuple[Uint8Array, Int64Array]:
    """The strings of rows[first[c]:first[c + 1]] of each column c: the UTF-8 bytes of all, NUL
    behind each; and if any has NUL itself, (len(rows) + 1,) where each begins, counted in
    characters, else (0,). What a damaged column has beside its bytes is empty.

    addresses: `addresses_of` the columns, or what `put_addresses` puts for them.
    """
    starts, lengths = empty(len(rows), np.int64), empty(len(rows), np.int64)
    size = 0
    # Offsets and strings lie all over memory: what is fetched first is read at the same time.
    for column in range(len(addresses)):
        for place in range(first[column], first[column + 1]):
            _fetch(addresses[column, 2] + _OFFSET * np.int64(rows[place]), np.int64(1))
    for column in range(len(addresses)):
        data, most = addresses[column, 0], addresses[column, 1]
        offsets, known = addresses[column, 2], addresses[column, 3]
        for place in range(first[column], first[column + 1]):
            row = np.int64(rows[place])
            start = end = np.int64(0)
            if row >= 0 and row + 1 < known:
                start, end = _long_at(offsets, row), _long_at(offsets, row + 1)
            if not 0 <= start <= end <= most:
                start = end = np.int64(0)
            starts[place], lengths[place] = data + start, end - start
            _fetch(starts[place], lengths[place])
            size += lengths[place]
    text, begins = empty(size + len(rows), np.uint8), empty(len(rows) + 1, np.int64)
    begin = characters = nuls = 0
    begins[0] = 0
    for place in range(len(rows)):
        end = begin + lengths[place]
        _copy(text, begin, starts[place], lengths[place])
        for byte in range(begin, end):
            characters += (text[byte] & 0xC0) != 0x80
            nuls += text[byte] == 0
        text[end] = 0
        begin, characters = end + 1, characters + 1
        begins[place + 1] = characters
    return text, begins[: len(begins) if nuls else 0]
