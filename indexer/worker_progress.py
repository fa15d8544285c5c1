"""How far a run of a worker is, as whoever waits for it is told."""

import math
import time
from collections.abc import Callable
from contextlib import suppress
from threading import Lock

from indexer.ingestion.processed import Processed
from indexer.progress import ReportProgress, StepProgress
from kg.errors import JobNotFound
from kg.jobs import EVERY_REVISION
from kg.queue import JobQueue

_LOOKS_SPARINGLY = 20.0
"""So many times as long as a look took passes before the next one."""
_COUNT_SECONDS = 1.0
"""Between two counts of what waits: they take the longer the more does, and batches are short."""
_TOLD_JOBS = 1000
"""Of which it is told how far a model is."""


class HowFar:
    """Tells how many passages of drafted documents a model has read: batches of them take long."""

    def __init__(self, queue: JobQueue, collection: str | None, progress: ReportProgress) -> None:
        """Nothing was told yet."""
        self._queue = queue
        self._collection = collection
        self._progress = progress
        self._jobs: set[str] = set()
        self._due = -math.inf

    def tell(self) -> None:
        """Look, and report; less often where looking takes long."""
        began = time.monotonic()
        if began >= self._due:
            self.tell_all()
            self._due = time.monotonic() + (time.monotonic() - began) * _LOOKS_SPARINGLY

    def tell_all(self) -> None:
        """Look, and report, whenever that was done last."""
        jobs = self._queue.jobs(self._collection, unfinished_at=EVERY_REVISION, limit=_TOLD_JOBS)
        present = {job.id: job for job in jobs if job.drafted or job.id in self._jobs}
        self._jobs.update(present)
        for over in self._jobs - present.keys():
            with suppress(JobNotFound):  # as when its collection was deleted
                present[over] = self._queue.job(over)
        seen = [job.progress for job in present.values()]
        if total := sum(one.passages for one in seen):
            done = sum(one.passages_done for one in seen)
            self._progress(StepProgress(step="read passages", done=done, total=total))


class Tally:
    """Adds up what the threads of a run report, and passes it on."""

    def __init__(self, waiting: Callable[[], int], progress: ReportProgress) -> None:
        """Nothing was reported yet. `waiting` counts what waits."""
        self.result = Processed()
        self._most = 0
        self._total, self._counted = 0, -math.inf
        self._waiting = waiting
        self._progress = progress
        self._lock = Lock()

    def wait(self, number: int) -> None:
        """Tell that others, or a model's rest, are waited for."""
        with self._lock:
            self._most = max(self._most, number)
            step = StepProgress(step="elsewhere", done=self._most - number, total=self._most)
        self._progress(step)

    def add(self, processed: Processed) -> None:
        """Count what became of a batch."""
        with self._lock:
            self.result += processed
            done = self.result.done + self.result.failed
            if done >= self._total or time.monotonic() > self._counted + _COUNT_SECONDS:
                self._total = done + self._waiting()
                self._counted = time.monotonic()
            self._progress(StepProgress(step="extract", done=done, total=self._total))
