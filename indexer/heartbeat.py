"""Holding on to what runs out unless it is renewed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import structlog

from kg.errors import StoreError

_log = structlog.get_logger(__name__)


@contextmanager
def beating(beat: Callable[[], object], seconds: float) -> Iterator[None]:
    """Call `beat` every so many seconds while the body runs, however long that takes."""
    done = Event()

    def run() -> None:
        while not done.wait(seconds):
            try:
                beat()
            except StoreError as error:
                _log.warning("lease not extended", reason=str(error))

    thread = Thread(target=run, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
