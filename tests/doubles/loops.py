"""Compiled loops that only other ones call, for tests."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Loop = TypeVar("Loop", bound=Callable[..., Any])


def called(part: Loop) -> Loop:
    """A part of compiled loops as a function that Python can call."""
    return cast(Loop, numba.njit(lambda *arguments: part(*arguments)))
