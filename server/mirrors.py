"""Removes this machine's copies of snapshots whose collection was deleted, perhaps on another
machine."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from indexer.heartbeat import beating
from kg.fail_fast import failing_fast
from server.core import Core

SWEEP_SECONDS = 60.0
_log = structlog.get_logger(__name__)


@contextmanager
def swept(core: Core, *, seconds: float = SWEEP_SECONDS) -> Iterator[None]:
    """While the body runs, check this machine's copies, at once and then periodically."""
    if core.folders.objects is None:
        yield
        return

    def look() -> None:
        with failing_fast():  # the end of the body waits for this, too
            gone = core.folders.sweep(core.store.collections)
        if gone:
            _log.info("copies of deleted collections' snapshots removed", collections=gone)

    failure = "could not check copies of snapshots"
    with beating(look, seconds, "mirrors", failure=failure, at_once=True):
        yield
