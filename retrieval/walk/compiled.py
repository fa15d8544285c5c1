"""Compiling inner loops, once for a machine."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

INTS = "Array(int32, 1, 'C', True)"
LONGS = "Array(int64, 1, 'C', True)"
FLOATS = "Array(float32, 1, 'C', True)"
DOUBLES = "Array(float64, 1, 'C', True)"
BOOLS = "Array(bool, 1, 'C', True)"
FLOAT_ROWS = "Array(float32, 2, 'C', True)"
HALF_ROWS = "Array(uint16, 2, 'C', True)"
LONG_ROWS = "Array(int64, 2, 'C', True)"
"""Arguments of compiled loops: arrays that are only read, as those of mapped files are."""

Loop = TypeVar("Loop", bound=Callable[..., Any])

_FASTER = {"reassoc", "contract", "arcp", "nsz"}
"""Sums may be taken in any order, as fits the processor."""


def compiled(*signatures: str) -> Callable[[Loop], Loop]:
    """Compile a function for these argument types when its module is imported; without any, for
    whatever types it is called with by another one.

    What was compiled is kept beside the code, in the user's cache folder, or where the variable
    NUMBA_CACHE_DIR says; where none of them can be written, each process compiles anew. The
    interpreter's lock is released while such a function runs.
    """

    def compile_(loop: Loop) -> Loop:
        wanted = list(signatures) or None
        try:
            cached = bool(signatures)
            made = numba.njit(wanted, cache=cached, nogil=True, fastmath=_FASTER)(loop)
        except RuntimeError:  # numba knows no folder that it may write to
            made = numba.njit(wanted, nogil=True, fastmath=_FASTER)(loop)
        return cast(Loop, made)

    return compile_
