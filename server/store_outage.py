"""A store that is unavailable when a process starts or stops."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import structlog

from kg.errors import StoreRefused, StoreStarting, StoreUnavailable
from kg.fail_fast import SILENCE_SECONDS
from kg.store import GraphStore
from server.settings import Settings

_PAUSE_SECONDS = 1.0
_TELL_SECONDS = 10.0
"""Seconds between two log lines about the same outage."""
_LOOK_SECONDS = 0.25
_REFUSAL_SECONDS = 0.5
"""A failure within this time means that nothing is there, not that the store is slow."""
_START_SECONDS = 15.0
"""How long a command waits for a store that answers that it is not ready yet."""
_MISSES = 2
"""After so many failed checks in a row the store counts as unavailable, not just slow."""
_JOIN_SECONDS = 2.0

_log = structlog.get_logger(__name__)


def wait_for(store: GraphStore, settings: Settings) -> None:
    """Wait until the store answers, and log what is waited for.

    Raises: StoreRefused, StoreVersionUnknown, StoreError: waiting does not resolve those.
    """
    began, told = time.monotonic(), -_TELL_SECONDS
    while (trouble := _trouble(store)) is not None:
        waited = time.monotonic() - began
        if waited - told >= _TELL_SECONDS:
            told = waited
            _log.warning(f"waiting for {_named(settings)} for {waited:.0f} s", reason=str(trouble))
        time.sleep(_PAUSE_SECONDS)
    if told >= 0.0:
        _log.info(f"{_named(settings)} is available")


def warn_if_unavailable(store: GraphStore, settings: Settings) -> None:
    """Check whether the store answers, and log if it does not: it may come later.

    Raises: StoreRefused, StoreVersionUnknown, StoreError: waiting does not resolve those.
    """
    trouble = _trouble(store)
    if trouble is not None:
        _log.warning(f"not ready, waiting for {_named(settings)}", reason=str(trouble))


def check_available(store: GraphStore) -> None:
    """Check that the store answers. If it accepts connections but is silent, retry for a few
    seconds: it may just have started. If it answers that it is starting, retry for longer.

    Raises: StoreUnavailable, StoreVersionUnknown, StoreError.
    """
    began = time.monotonic()
    while True:
        asked = time.monotonic()
        trouble = _trouble(store)
        if trouble is None:
            return
        now = time.monotonic()
        starting = isinstance(trouble, StoreStarting)
        gone = now - asked < _REFUSAL_SECONDS and not starting
        until = began + (_START_SECONDS if starting else SILENCE_SECONDS)
        if gone or now + (now - asked) > until:
            raise trouble
        if starting:
            time.sleep(_LOOK_SECONDS)


@contextmanager
def abandoned_on_outage(store: GraphStore) -> Iterator[None]:
    """While the body waits for work to end: if the store becomes unavailable, close it, which ends
    the wait.

    Another process does the unfinished work again.
    """
    done = Event()

    def watch() -> None:
        misses = 0
        while misses < _MISSES:
            if done.wait(_LOOK_SECONDS):
                return
            misses = 0 if _trouble(store) is None else misses + 1
        _log.warning("the store is unavailable: unfinished work is left to the next process")
        store.close()

    thread = Thread(target=watch, name="ending", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(_JOIN_SECONDS)


def _trouble(store: GraphStore) -> StoreUnavailable | None:
    """Why the store is unavailable; None if it is available. Raises: as `wait_for`."""
    try:
        store.probe()
    except StoreRefused:
        raise
    except StoreUnavailable as error:
        return error
    return None


def _named(settings: Settings) -> str:
    return f"Neo4j at {settings.neo4j_uri}" if settings.store == "neo4j" else "the store"
