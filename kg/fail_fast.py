"""Requests that a person waits for fail fast if the store is unavailable.

Background work retries for half a minute, so that a restart of the store's server does no harm. A
request that a person waits for should rather fail soon.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

SILENCE_SECONDS = 4.0
"""How long a store may be silent before it counts as unavailable. It is long enough that a store on
a busy machine, which is only slow, does not."""

_limit: ContextVar[float | None] = ContextVar("silence_limit", default=None)


@contextmanager
def failing_fast(seconds: float = SILENCE_SECONDS) -> Iterator[None]:
    """While the body runs, an unavailable store fails fast: at once if it refuses, after so many
    seconds if it is silent.

    It applies to the context, and so to calls in other threads with that context, but not to
    threads started in it.
    """
    token = _limit.set(seconds)
    try:
        yield
    finally:
        _limit.reset(token)


def silence_limit() -> float | None:
    """Seconds of silence that the waiting caller accepts; None: no one waits."""
    return _limit.get()
