"""Waiting for a server of files, which may hang: as long as it answers others, and no longer.

What is asked of it may take long, and how long nobody knows: there are many files, or large ones,
and the network is slow. So each request runs in a thread of its own, and meanwhile the server is
asked for next to nothing: while it answers that, the request is waited for. (What is left behind
ends by the limits of its own connection.)
"""

import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextvars import copy_context
from threading import Thread
from typing import TypeVar

from kg.haste import SILENCE_SECONDS, patience

LONGEST_SILENCE = 20.0
"""Seconds that a server may say nothing to who is in no hurry."""
_LOOK_SECONDS = 0.5
_CHECKS = 4
"""So often it is asked while it is silent."""

_Result = TypeVar("_Result")


class Attendance:
    """Requests of one server. Safe for several threads."""

    def __init__(self, ask: Callable[[float], object]) -> None:
        """`ask` asks the server for next to nothing, and raises TimeoutError if it does not answer
        within so many seconds; whatever else happens is an answer."""
        self._ask = ask
        self._hasty = False

    def hasten(self) -> None:
        """From now on nobody waits for long, not even who does so already."""
        self._hasty = True

    def attended(self, action: Callable[[], _Result]) -> _Result:
        """What the action returns or raises; TimeoutError if the server has gone silent."""
        done: Future[_Result] = Future()
        context = copy_context()

        def run() -> None:
            try:
                done.set_result(context.run(action))
            except BaseException as error:
                done.set_exception(error)

        Thread(target=run, name="objects", daemon=True).start()
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
        return SILENCE_SECONDS if self._hasty else patience() or LONGEST_SILENCE

    def _answers(self, seconds: float) -> bool:
        try:
            self._ask(seconds)
        except TimeoutError:
            return False
        return True
