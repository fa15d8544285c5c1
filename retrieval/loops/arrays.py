"""New arrays in compiled loops.

NumPy's functions make the same ones, but for each type and way of calling them the compiler first
compiles a function: a tenth of the time that all loops took. What is made here is a few
instructions where it is called.
"""

from collections.abc import Callable
from typing import Any, TypeAlias, cast

import numba.core.cgutils
import numba.np.arrayobj
import numpy.typing as npt
from numba import types
from numba.core.imputils import impl_ret_new_ref
from numba.extending import intrinsic

New: TypeAlias = Callable[[int | tuple[int, int], type], npt.NDArray[Any]]

_LINE = 64
"""Bytes of a line of the processor's cache: what is read by 64 bytes is then read in one go."""
_build: Any = numba.core.cgutils
_types: Any = types
_arrays: Any = numba.np.arrayobj
_owned: Any = impl_ret_new_ref
"""The compiler's own terms, which have no types."""


def _new(filling: int | None) -> New:
    """new(n, dtype) or new((n, m), dtype): an array in C order, all its bytes `filling`."""

    def new(_: Any, shape: Any, dtype: Any) -> Any:
        axes = len(shape) if isinstance(shape, _types.BaseTuple) else 1
        kind = _types.Array(dtype.dtype, axes, "C")
        taken = _types.UniTuple(_types.intp, axes) if axes > 1 else _types.intp

        def code(context: Any, builder: Any, _: Any, arguments: Any) -> Any:
            shape = arguments[0]
            lengths = _build.unpack_tuple(builder, shape) if axes > 1 else [shape]
            itemsize = context.get_abi_sizeof(context.get_data_type(kind.dtype))
            strides = [context.get_constant(_types.intp, itemsize)]
            for length in reversed(lengths[1:]):
                strides.insert(0, builder.mul(strides[0], length))
            size = builder.mul(strides[0], lengths[0])
            align = max(context.get_preferred_array_alignment(kind.dtype), _LINE)
            memory = context.nrt.meminfo_alloc_aligned(builder, size=size, align=align)
            data = context.nrt.meminfo_data(builder, memory)
            if filling is not None:
                _build.memset(builder, data, size, filling)
            array = _arrays.make_array(kind)(context, builder)
            _arrays.populate_array(
                array,
                data=builder.bitcast(data, context.get_data_type(kind.dtype).as_pointer()),
                shape=lengths,
                strides=strides,
                itemsize=itemsize,
                meminfo=memory,
            )
            return _owned(context, builder, kind, array._getvalue())

        return kind(taken, dtype), code

    made: Any = intrinsic(new)
    return cast(New, made)


empty, zeros, unset = _new(None), _new(0), _new(255)
"""Like `np.empty` and `np.zeros`, dtype included; and of integers, all -1."""
