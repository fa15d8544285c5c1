"""Opening snapshots behind the backs of those who answer questions.

Small steps hold the interpreter's lock nearly all the time, although each releases it: a waiting
thread is not awake before the next step has taken it again. If no one waits for the snapshot, each
step is followed by a short sleep.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_STEP_SECONDS = 0.0002
"""Enough for another thread to wake up; a snapshot has some hundred files, each read twice."""
_unhurried = ContextVar("_unhurried", default=False)


@contextmanager
def unhurried() -> Iterator[None]:
    """In the body, this thread's steps let others go first."""
    token = _unhurried.set(True)
    try:
        yield
    finally:
        _unhurried.reset(token)


def step() -> None:
    """One file is done."""
    if _unhurried.get():
        time.sleep(_STEP_SECONDS)
