"""Whoever brings documents into the graph: threads of this process, or workers elsewhere."""

from typing import Protocol

from indexer.ingestion.processed import Processed
from indexer.progress import ReportProgress, ignore_progress
from indexer.worker import Worker


class Workforce(Protocol):
    """Works through the queue. Safe for several threads."""

    @property
    def running(self) -> bool:
        """Whether work continues in the background."""
        ...

    def start(self) -> None:
        """Work in the background until `stop`."""
        ...

    def wake(self) -> None:
        """Look now: something was queued, deleted or reconfigured."""
        ...

    def stop(self, timeout: float | None = None) -> None:
        """Take on nothing more, and wait for what was begun, but no longer than so."""
        ...

    def run_until_empty(
        self, collection: str | None = None, progress: ReportProgress = ignore_progress
    ) -> Processed:
        """See that nothing of the collection (of any, if None) waits, and that all is published.

        Raises: StoreError; ModelError: finished work is kept.
        """
        ...


class Resting(Worker):
    """Takes on nothing in the background: of a server that only answers."""

    def start(self) -> None:
        """Do nothing."""
