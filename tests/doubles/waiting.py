"""Waiting for what happens in another thread or process, on a machine that may be busy."""

import time
from collections.abc import Callable
from threading import Event, Thread
from types import TracebackType

_TICK_SECONDS = 0.02
_LONGEST_TICK_SECONDS = 0.2
"""A longer one is the machine's fault."""


class Watch:
    """Counts the seconds that its body takes, but not those in which this process stood still."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._over = Event()
        self._ticking = Thread(target=self._tick, name="watch", daemon=True)

    def __enter__(self) -> "Watch":
        self._ticking.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._ticking.join()

    def _tick(self) -> None:
        last, over = time.monotonic(), False
        while not over:
            over = self._over.wait(_TICK_SECONDS)
            now = time.monotonic()
            self.seconds += min(now - last, _LONGEST_TICK_SECONDS)
            last = now


def until(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    """Wait for it. Raises: TimeoutError."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("waited in vain")
        time.sleep(0.02)
