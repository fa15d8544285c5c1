"""Copies of snapshots whose collection was deleted, perhaps from another machine: they go too."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from indexer.heartbeat import beating
from kg.haste import hurried
from server.core import Core

SWEEP_SECONDS = 60.0
_log = structlog.get_logger(__name__)


@contextmanager
def swept(core: Core, *, seconds: float = SWEEP_SECONDS) -> Iterator[None]:
    """While the body runs, look at this machine's copies every so often, and at once."""
    if core.folders.objects is None:
        yield
        return

    def look() -> None:
        with hurried():  # who ends the body waits for this, too
            gone = core.folders.sweep(lambda: [one.name for one in core.store.collections()])
        if gone:
            _log.info("copies of deleted collections' snapshots removed", collections=gone)

    failure = "could not check copies of snapshots"
    with beating(look, seconds, "mirrors", failure=failure, at_once=True):
        yield
