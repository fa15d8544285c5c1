"""Whoever is waited for by a person does not wait for long for a store that is away.

Work in the background tries again for half a minute: a server that is started anew disturbs nobody.
A request that somebody waits for had better say soon that it has to be made again.
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
    """While the body runs, a store that is out of reach says so soon: at once if it refuses, after
    so many seconds if it is silent.

    It holds for the context, hence for what is called from it in other threads with that context,
    and not for threads that it starts.
    """
    token = _patience.set(seconds)
    try:
        yield
    finally:
        _patience.reset(token)


def patience() -> float | None:
    """For how many seconds whoever waits puts up with silence; None: nobody waits."""
    return _patience.get()
