"""Endpoints that hang: one question tries them every few seconds, the others fail at once."""

import time
from threading import Lock

SECONDS = 5.0
"""From a question that was not answered to the next that may try."""


class Silence:
    """Whether an endpoint has left a question without an answer. Safe for several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._silent = False
        self._next_try = 0.0

    def lets_in(self, patience: float) -> bool:
        """Whether a question that can wait for so many seconds may be sent. During a silence only
        one at a time may, to find out whether it is over."""
        with self._lock:
            now = time.monotonic()
            if not self._silent:
                return True
            if now < self._next_try:
                return False
            self._next_try = now + patience + SECONDS
            return True

    def begin(self) -> None:
        """A question was not answered in its time."""
        with self._lock:
            self._silent = True
            self._next_try = time.monotonic() + SECONDS

    def end(self) -> None:
        """Something was answered."""
        self._silent = False
