"""Copies of snapshots whose collection was deleted, perhaps from another machine: they go too."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import structlog

from kg.errors import AmmonError
from server.core import Core

SWEEP_SECONDS = 60.0
_log = structlog.get_logger(__name__)


@contextmanager
def swept(core: Core, *, seconds: float = SWEEP_SECONDS) -> Iterator[None]:
    """While the body runs, look at this machine's copies every so often, and at once."""
    if core.folders.objects is None:
        yield
        return
    done = Event()

    def run() -> None:
        while True:
            try:
                gone = core.folders.sweep(lambda: [one.name for one in core.store.collections()])
            except (AmmonError, OSError) as error:  # the next look may go better
                _log.warning("copies of snapshots not looked at", reason=str(error))
            else:
                if gone:
                    _log.info("copies of deleted collections' snapshots removed", collections=gone)
            if done.wait(seconds):
                return

    thread = Thread(target=run, name="mirrors", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
