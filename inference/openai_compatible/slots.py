"""A process's connection slots at one endpoint."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from threading import Condition

from inference.openai_compatible.turns import LONGEST_NAP, TurnTooLate, reserve_of


class Slots:
    """So many; some are reserved for callers with a deadline, and of the
    others, urgent ones go first."""

    def __init__(self, number: int) -> None:
        self._free = number
        self._reserve = reserve_of(number)
        self._hurried = 0
        """The number of waiting callers with a deadline."""
        self._urgent = 0
        """The number of waiting callers that are urgent."""
        self._changed = Condition()

    @contextmanager
    def slot(
        self, until: float, kept_free: Callable[[], bool], *, urgent: bool = False
    ) -> Iterator[None]:
        """Wait for a slot and hold it during the body. Raises: TurnTooLate."""
        with self._changed:
            if until < inf:
                self._wait_hurried(until)
            else:
                self._wait_usual(kept_free, urgent=urgent)
            self._free -= 1
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()

    def _kept(self, kept_free: Callable[[], bool]) -> int:
        """How many slots are for callers with a deadline."""
        return max(self._hurried, self._reserve if kept_free() else 0)

    def _wait_usual(self, kept_free: Callable[[], bool], *, urgent: bool) -> None:
        self._urgent += urgent
        try:
            while self._free <= self._kept(kept_free) + (0 if urgent else self._urgent):
                self._changed.wait(LONGEST_NAP)
        finally:
            self._urgent -= urgent
            if urgent:
                self._changed.notify_all()

    def _wait_hurried(self, until: float) -> None:
        self._hurried += 1
        try:
            left = max(until - time.monotonic(), 0.0)
            if not self._changed.wait_for(lambda: self._free > 0, left):
                raise TurnTooLate("all its connections are in use")
        finally:
            self._hurried -= 1
            self._changed.notify_all()
