"""Whether the Neo4j server answers, and the queries in progress.

A server that is down refuses connections at once. One that hangs accepts a query and never
answers: the driver would wait for minutes, and its caller with it. So each query runs in a thread
of its own. A caller that is to fail fast (`kg.fail_fast`) meanwhile probes the server over another
connection, and gives up as soon as that fails; from then on all such callers fail at once, while a
thread watches for the server's return. Any other caller waits until the store is closed. (A query
that was given up ends with its connection.)
"""

import time
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError, wait
from contextlib import suppress
from threading import Event, Lock, Thread, current_thread
from typing import Any, TypeVar

import structlog

from kg.call_in_thread import call_in_thread
from kg.errors import (
    StoreClosed,
    StoreError,
    StoreOverloaded,
    StoreRefused,
    StoreStarting,
    StoreUnavailable,
)
from kg.fail_fast import silence_limit

_FIRST_SECONDS, _NEXT_SECONDS = 0.25, 1.0
"""Seconds between two checks by a waiting caller whether the server answers."""
_REFUSAL_SECONDS = 0.5
"""A refusal within this time means that nothing listens there, not that the server is busy."""
_RETURN_SECONDS = 0.5
"""Seconds between two checks whether it is back."""
_CLOSE_SECONDS = 2.0
_CLOSED = "The store was closed: open it again."

_Result = TypeVar("_Result")
_log = structlog.get_logger(__name__)


class Presence:
    """The state of a server. Safe for several threads."""

    def __init__(self, ask: Callable[[], None]) -> None:
        """`ask` probes the server; it raises StoreUnavailable, and soon, if there is no answer."""
        self._ask = ask
        self._lock = Lock()
        self._away = ""
        """Why it cannot be used; '' if it can, as far as is known."""
        self._follower: Thread | None = None
        self._under_way: set[Future[Any]] = set()
        self._closed = Event()

    def attended(self, action: Callable[[], _Result]) -> _Result:
        """Run the action in another thread with this context, and return its result.

        Raises: what the action raises; StoreClosed; if it is to fail fast, StoreUnavailable as soon
        as the server is known to be away.
        """
        silence = silence_limit()
        with self._lock:
            if self._away and silence is not None:
                raise StoreUnavailable(self._away)
        done = self._begun(action)
        try:
            return done.result() if silence is None else self._watched(done, silence)
        finally:
            with self._lock:
                self._under_way.discard(done)

    def note_answer(self) -> None:
        """Note that the server has just answered."""
        with self._lock:
            self._away = ""

    def close(self) -> None:
        """Stop watching for the server; all calls that wait raise StoreClosed."""
        with self._lock:
            self._closed.set()
            follower, under_way = self._follower, list(self._under_way)
        for done in under_way:
            with suppress(InvalidStateError):
                done.set_exception(StoreClosed(_CLOSED))
        if follower not in (None, current_thread()):
            follower.join(_CLOSE_SECONDS)

    def _begun(self, action: Callable[[], _Result]) -> "Future[_Result]":
        """The action, under way in another thread."""
        with self._lock:
            if self._closed.is_set():  # `close` would not see this one any more
                raise StoreClosed(_CLOSED)
            done = call_in_thread(action, name="neo4j")
            self._under_way.add(done)
        return done

    def _watched(self, done: "Future[_Result]", silence: float) -> _Result:
        until, pause = time.monotonic() + silence, _FIRST_SECONDS
        try:
            while not wait([done], pause).done:
                if self._answers(done, until):
                    until = time.monotonic() + silence
                pause = _NEXT_SECONDS
            return done.result()
        except StoreUnavailable as error:
            self._note(error)
            raise

    def _answers(self, done: "Future[_Result]", until: float) -> bool:
        """Whether the server answers. Raises: StoreUnavailable if it certainly does not, or has not
        answered until this moment of the monotonic clock."""
        asked = time.monotonic()
        try:
            self._ask()
        except StoreUnavailable as error:
            now = time.monotonic()
            gone = now - asked < _REFUSAL_SECONDS and not isinstance(error, StoreStarting)
            if not done.done() and (gone or now > until):
                raise
            return False
        return True

    def _note(self, error: StoreUnavailable) -> None:
        """Note that the server is unavailable, and start looking for it."""
        if isinstance(error, StoreRefused | StoreClosed | StoreOverloaded):
            return
        with self._lock:
            if self._closed.is_set():
                return
            if not self._away:
                _log.warning("store unavailable", reason=str(error))
            self._away = str(error)
            if self._follower is None:
                self._follower = Thread(target=self._follow, name="neo4j-back", daemon=True)
                self._follower.start()

    def _follow(self) -> None:
        """Check until the server answers, even if only to refuse access."""
        while not self._closed.wait(_RETURN_SECONDS):
            try:
                self._ask()
            except StoreRefused:
                break
            except StoreUnavailable:
                continue
            except StoreError:
                break
            _log.info("store available again")
            break
        with self._lock:
            self._away, self._follower = "", None
