"""What workers do for a snapshot once the documents are read: embed, and make it."""

import time
from collections.abc import Callable

from indexer.flow.publishing import LEASES, lease_of
from indexer.progress import ReportProgress, StepProgress
from kg.leases import Leases


class SnapshotWatch:
    """Looks now and then how far they are, and reports it."""

    def __init__(
        self,
        leases: Leases,
        collection: str | None,
        depth: Callable[[], int | None],
        refused: Callable[[], bool],
        progress: ReportProgress,
        seconds: float,
    ) -> None:
        """`collection` None: any of them. `depth`: of the queue `embed`, None if it is not known.
        `refused`: whether workers say that they cannot do it: then messages go round in vain.
        `seconds`: between two looks."""
        self._leases = leases
        self._collection = collection
        self._depth = depth
        self._refused = refused
        self._progress = progress
        self._seconds = seconds
        self._looked = float("-inf")
        self._waiting = self._most = 0
        """Messages in the queue, at present and at most."""
        self._moves = False
        self.at_work = False
        """Whether something may be under way that cannot be seen: texts that take long, or the
        snapshot of another collection, before this one."""

    def moves(self) -> bool:
        """Whether anything moved since the last look, or a worker is at the snapshot. Raises:
        StoreUnavailable."""
        now = time.monotonic()
        if now - self._looked >= self._seconds:
            self._looked = now
            self._moves = self._look()
        return self._moves

    def _look(self) -> bool:
        before, self._waiting = self._waiting, self._depth() or 0
        self._most = max(self._most, self._waiting)
        if self._most:
            done = self._most - self._waiting
            self._progress(StepProgress(step="embed elsewhere", done=done, total=self._most))
        held = self._leases.held(LEASES)
        self.at_work = bool(held) or self._waiting > 0
        if held and (self._collection is None or lease_of(self._collection) in held):
            self._progress(StepProgress(step="their snapshot", done=0, total=0))
            return True
        return self._waiting != before and not self._refused()
