"""Whether the server answers, for those who do not wait for long (`kg.haste`).

A server that is gone refuses at once. One that hangs takes a question and says nothing: the driver
waits for minutes, and so would whoever asked. So what is done in a hurry is done by a thread of its
own; whoever waits for it asks meanwhile, over another connection and for nothing, whether the
server is there, and leaves as soon as it is not. (What was left behind ends with its connection.)
From then on all who are in a hurry are told so at once, while a thread looks for the server's
return.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextvars import copy_context
from threading import Event, Lock, Thread, current_thread
from typing import TypeVar

import structlog

from kg.errors import StoreClosed, StoreError, StoreRefused, StoreUnavailable
from kg.haste import SILENCE_SECONDS, patience

_FIRST_SECONDS, _NEXT_SECONDS = 0.25, 1.0
"""After which one who waits asks whether the server is there, and asks again."""
_REFUSAL_SECONDS = 0.5
"""What says no within this time is not busy: nobody listens there."""
_RETURN_SECONDS = 0.5
"""Between two looks whether it is back."""
_CLOSE_SECONDS = 2.0

_Result = TypeVar("_Result")
_log = structlog.get_logger(__name__)


class Presence:
    """What is known of a server. Safe for several threads."""

    def __init__(self, ask: Callable[[], None]) -> None:
        """`ask` asks the server for nothing; it raises StoreUnavailable, and soon, where that does
        not answer."""
        self._ask = ask
        self._lock = Lock()
        self._away = ""
        """Why it cannot be used, as far as is known; '' if it can."""
        self._follower: Thread | None = None
        self._closed = Event()

    def attended(self, action: Callable[[], _Result]) -> _Result:
        """What the action returns, which is done in this context but in another thread.

        Raises: what the action raises; StoreUnavailable as soon as the server is known to be away.
        """
        with self._lock:
            if self._away:
                raise StoreUnavailable(self._away)
        silence = patience() or SILENCE_SECONDS
        until, pause = time.monotonic() + silence, _FIRST_SECONDS
        done = _begun(action)
        try:
            while not wait([done], pause).done:
                if self._answers(done, until):
                    until = time.monotonic() + silence
                pause = _NEXT_SECONDS
            return done.result()
        except StoreUnavailable as error:
            self._note(error)
            raise

    def close(self) -> None:
        """Look for nothing any more."""
        self._closed.set()
        with self._lock:
            follower = self._follower
        if follower not in (None, current_thread()):
            follower.join(_CLOSE_SECONDS)

    def _answers(self, done: "Future[_Result]", until: float) -> bool:
        """Whether it is there. Raises: StoreUnavailable if it is not, and that is for certain, or
        has been so until this moment of the monotonic clock."""
        asked = time.monotonic()
        try:
            self._ask()
        except StoreUnavailable:
            now = time.monotonic()
            if not done.done() and (now - asked < _REFUSAL_SECONDS or now > until):
                raise
            return False
        return True

    def _note(self, error: StoreUnavailable) -> None:
        """It is away, and looked for."""
        if isinstance(error, StoreRefused | StoreClosed):
            return
        with self._lock:
            if self._closed.is_set():
                return
            if not self._away:
                _log.warning("the store is away", reason=str(error))
            self._away = str(error)
            if self._follower is None:
                self._follower = Thread(target=self._follow, name="neo4j-back", daemon=True)
                self._follower.start()

    def _follow(self) -> None:
        """Look for it until it answers, be it that it lets us in no more."""
        while not self._closed.wait(_RETURN_SECONDS):
            try:
                self._ask()
            except StoreRefused:
                break
            except StoreUnavailable:
                continue
            except StoreError:
                break
            _log.info("the store is back")
            break
        with self._lock:
            self._away, self._follower = "", None


def _begun(action: Callable[[], _Result]) -> "Future[_Result]":
    """The action, under way."""
    done: Future[_Result] = Future()
    context = copy_context()

    def run() -> None:
        try:
            done.set_result(context.run(action))
        except BaseException as error:
            done.set_exception(error)

    Thread(target=run, name="neo4j", daemon=True).start()
    return done
