"""Waiting for requests to an object store, which may hang, for as long as the store is alive.

How long a request takes cannot be known in advance: there may be many files, or large ones, and the
network may be slow. So there is no limit on the request itself. It runs in a thread of its own, and
meanwhile the server gets small probes: as long as it answers these, the request is waited for. (A
request that was given up ends by the timeouts of its own connection.)
"""

import time
from collections.abc import Callable
from concurrent.futures import wait
from typing import TypeVar

from kg.call_in_thread import call_in_thread
from kg.fail_fast import SILENCE_SECONDS, silence_limit

LONGEST_SILENCE = 20.0
"""Seconds without any answer after which the server counts as hung, if nobody is in a hurry."""
_LOOK_SECONDS = 0.5
_CHECKS = 4
"""Number of probes within such a silence."""

_Result = TypeVar("_Result")


class Attendance:
    """Requests to one server. Safe for several threads."""

    def __init__(self, ask: Callable[[float], object]) -> None:
        """`ask` probes the server, and raises TimeoutError if it does not answer within the given
        number of seconds; any other outcome counts as an answer."""
        self._ask = ask
        self._hasty = False

    def hasten(self) -> None:
        """Wait only briefly from now on, also for requests that are under way."""
        self._hasty = True

    def attended(self, action: Callable[[], _Result]) -> _Result:
        """Run a request; return what it returns.

        Raises: what it raises; TimeoutError if the server has fallen silent.
        """
        done = call_in_thread(action, name="objects")
        heard = asked = time.monotonic()
        while not wait([done], _LOOK_SECONDS).done:
            silence = self._silence()
            pause = silence / _CHECKS
            if time.monotonic() - asked < pause:
                continue
            asked = time.monotonic()
            if self._answers(pause):
                heard = time.monotonic()
            elif time.monotonic() - heard > silence:
                raise TimeoutError
        return done.result()

    def _silence(self) -> float:
        return SILENCE_SECONDS if self._hasty else silence_limit() or LONGEST_SILENCE

    def _answers(self, seconds: float) -> bool:
        try:
            self._ask(seconds)
        except TimeoutError:
            return False
        return True
