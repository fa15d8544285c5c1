"""The port for whatever indexes documents: threads of this process, or worker processes."""

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
        """Look for work now: something was queued, deleted or reconfigured."""
        ...

    def stop(self, timeout: float | None = None) -> None:
        """Start nothing new, and wait for work in progress, for at most `timeout` seconds."""
        ...

    def run_until_empty(
        self, collection: str | None = None, progress: ReportProgress = ignore_progress
    ) -> Processed:
        """Process everything queued for the collection (None: for all), and publish it.

        Raises: StoreError, ModelError; finished work is kept.
        """
        ...


class Resting(Worker):
    """Does no work in the background: for a server that only answers questions."""

    def start(self) -> None:
        """Do nothing."""
