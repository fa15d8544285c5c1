"""A circuit breaker: while an endpoint hangs, one question tries it, and all others fail fast."""

import time
from threading import Lock

RETRY_SECONDS = 5.0
"""From a question that timed out to the next that may try."""


class CircuitBreaker:
    """Whether an endpoint has left a question without an answer. Safe for several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._is_open = False
        self._next_try = 0.0

    def allows(self, patience: float) -> bool:
        """Whether a question that can wait for so many seconds may be sent. While the breaker is
        open, only one at a time may, to find out whether the endpoint answers again."""
        with self._lock:
            now = time.monotonic()
            if not self._is_open:
                return True
            if now < self._next_try:
                return False
            self._next_try = now + patience + RETRY_SECONDS
            return True

    def open(self) -> None:
        """A question timed out."""
        with self._lock:
            self._is_open = True
            self._next_try = time.monotonic() + RETRY_SECONDS

    def close(self) -> None:
        """The endpoint answered, if only with an error."""
        self._is_open = False
