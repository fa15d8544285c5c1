"""Opening snapshots in the background without slowing down questions.

A thread of many small steps holds the interpreter lock nearly all the time, although each step
releases it: before a waiting thread has woken up, the next step has taken the lock again. So if no
one waits for the snapshot, the thread that opens it pauses now and then, for longer than it worked.
It does not pause after each step: a snapshot has about a hundred files, each read twice, and a
pause takes as long as such a step.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_STRETCH_SECONDS = 0.0005
"""How long the thread works between two pauses; a question waits no longer than this for the
lock."""
_REST_SECONDS = 0.002
"""Chosen so that opening takes a quarter of one core, which questions may need."""


class _Pace:
    """Decides when to pause."""

    def __init__(self) -> None:
        self._since = time.perf_counter()

    def step(self) -> None:
        if time.perf_counter() - self._since >= _STRETCH_SECONDS:
            time.sleep(_REST_SECONDS)
            self._since = time.perf_counter()


_pace: ContextVar[_Pace | None] = ContextVar("_pace", default=None)
"""None if somebody waits for this thread."""


@contextmanager
def unhurried() -> Iterator[None]:
    """In the body, this thread's steps give way to other threads."""
    token = _pace.set(_Pace())
    try:
        yield
    finally:
        _pace.reset(token)


def step() -> None:
    """Called after each file, or part of a large one."""
    pace = _pace.get()
    if pace is not None:
        pace.step()
