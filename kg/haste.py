"""Work that a person waits for does not wait long for an unavailable store.

Background work retries for half a minute, so that a restart of the server does no harm. A request
that a person waits for should rather fail soon.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

SILENCE_SECONDS = 4.0
"""For which a store may say nothing before it counts as away. One that is only slow, as all is on
a busy machine, is not to be taken for it."""

_patience: ContextVar[float | None] = ContextVar("patience", default=None)


@contextmanager
def hurried(seconds: float = SILENCE_SECONDS) -> Iterator[None]:
    """While the body runs, an unavailable store fails fast: at once if it refuses, after so many
    seconds if it is silent.

    It applies to the context, and so to calls in other threads with that context, but not to
    threads started in it.
    """
    token = _patience.set(seconds)
    try:
        yield
    finally:
        _patience.reset(token)


def patience() -> float | None:
    """Seconds of silence that the waiting caller accepts; None: no one waits."""
    return _patience.get()
