"""`retrieval.loops.arrays`: new arrays in compiled loops."""

from typing import Any

import numba
import numpy as np

from retrieval.loops.arrays import empty, unset, zeros


@numba.njit
def some(count: int) -> Any:
    """One of each kind, filled where it is empty."""
    rows = empty((count, 2), np.float32)
    for row in range(count):
        rows[row, 0], rows[row, 1] = row, -row
    return rows, zeros(count, np.float64), zeros((2, count), np.bool_), unset(count, np.int32)


def test_new_arrays_have_shape_dtype_and_filling() -> None:
    rows, none, flags, table = some(3)
    expected: list[Any] = [
        np.array([[0, 0], [1, -1], [2, -2]], dtype=np.float32),
        np.zeros(3),
        np.zeros((2, 3), dtype=np.bool_),
        np.full(3, -1, dtype=np.int32),
    ]
    for made, wanted in zip((rows, none, flags, table), expected, strict=True):
        assert (made.dtype, made.shape, made.strides) == (
            wanted.dtype,
            wanted.shape,
            wanted.strides,
        )
        assert made.tolist() == wanted.tolist()


def test_new_arrays_may_have_no_rows() -> None:
    assert [made.size for made in some(0)] == [0, 0, 0, 0]
