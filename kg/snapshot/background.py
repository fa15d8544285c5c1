"""Opening snapshots behind the backs of those who answer questions.

Small steps hold the interpreter's lock nearly all the time, although each releases it: a waiting
thread is not awake before the next step has taken it again. If no one waits for the snapshot, the
thread that opens it rests now and then, for longer than it worked. Not after each step: a snapshot
has some hundred files, each read twice, and to sleep and wake up takes as long as such a step.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_STRETCH_SECONDS = 0.0005
"""After so long it is time to rest; a question waits no longer than this for the lock."""
_REST_SECONDS = 0.002
"""So that opening takes a quarter of one core, which questions may need."""


class _Pace:
    """When to rest."""

    def __init__(self) -> None:
        self._since = time.perf_counter()

    def step(self) -> None:
        if time.perf_counter() - self._since >= _STRETCH_SECONDS:
            time.sleep(_REST_SECONDS)
            self._since = time.perf_counter()


_pace: ContextVar[_Pace | None] = ContextVar("_pace", default=None)
"""None in a thread that somebody waits for."""


@contextmanager
def unhurried() -> Iterator[None]:
    """In the body, this thread's steps let others go first."""
    token = _pace.set(_Pace())
    try:
        yield
    finally:
        _pace.reset(token)


def step() -> None:
    """One file, or a part of it, is done."""
    pace = _pace.get()
    if pace is not None:
        pace.step()
