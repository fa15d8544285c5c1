"""The time by which leases end: that of Neo4j's machine, for all who share the database.

Machines' own clocks may differ, and jump. So the server is asked what time it is, now and then, and
between two questions the time passes by a clock that never jumps.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from threading import Lock

from kg.errors import StoreError
from kg.fail_fast import failing_fast

ASKED_AGAIN = 60.0
"""Seconds after which the server is asked again: in so long no two clocks drift apart by much."""


class ServerClock:
    """Tells the server's time. Safe for several threads."""

    def __init__(self, ask: Callable[[], float]) -> None:
        """`ask` tells the server's time, in seconds since 1970; it may raise StoreError."""
        self._ask = ask
        self._ahead: float | None = None
        """How far the server's time is ahead of `time.monotonic`, if it is known."""
        self._due = 0.0
        self._asking = Lock()

    def __call__(self) -> float:
        """Seconds since 1970; by this machine's clock until the server answered for the first
        time."""
        if self._due <= time.monotonic() and self._asking.acquire(blocking=self._ahead is None):
            try:
                if self._due <= time.monotonic():
                    self._look()
            finally:
                self._asking.release()
        return time.time() if self._ahead is None else time.monotonic() + self._ahead

    def _look(self) -> None:
        began = time.monotonic()
        with suppress(StoreError), failing_fast():  # away: what is known is good for longer
            found = self._ask()
            ended = time.monotonic()
            self._ahead = found - (began + ended) / 2
        if self._ahead is not None:
            self._due = time.monotonic() + ASKED_AGAIN
