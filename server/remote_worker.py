"""Indexing by other processes: what takes the place of worker threads if a broker is set."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from threading import Lock, Thread

import structlog

from indexer.flow.broker import Broker
from indexer.ingestion.processed import Processed
from indexer.pipeline import Pipeline
from indexer.progress import ReportProgress, StepProgress, ignore_progress
from indexer.refusals import Refusal, refusals
from kg.errors import JobNotFound, StoreClosed, StoreUnavailable
from kg.jobs import CALLED_OFF, EVERY_REVISION, Job, Progress, TaskState
from server.snapshot_watch import SnapshotWatch

_CLOSE_SECONDS = 5.0
_PATIENT = 5
"""While a worker holds a document, nothing may change for this many times as long before it counts
as stuck: it may be writing a long draft, or waiting for a slow answer. If the worker is dead,
another one, if any, has taken over by then."""
_GOES_ON = (
    "What was submitted is kept: once the store answers, the workers go on with it, and `ammon "
    "status --watch` shows how far they are."
)
_log = structlog.get_logger(__name__)


class RemoteWorker:
    """Does no work itself: notifies workers, and waits for them if asked to.

    An unavailable broker blocks no one: the work is in the store, and workers look there too.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        open_broker: Callable[[], Broker],
        *,
        check: Callable[[], object] = lambda: None,
        poll_seconds: float = 0.25,
        worry_seconds: float = 15.0,
    ) -> None:
        """`open_broker` is called once, when there is something to send. `check` raises for errors
        that waiting does not resolve.

        `worry_seconds`: time without progress after which a possible reason is logged."""
        self._pipeline = pipeline
        self._open_broker = open_broker
        self._check = check
        self._broker: Broker | None = None
        self._poll_seconds = poll_seconds
        self._worry_seconds = worry_seconds
        self._lock = Lock()
        self._nudging: Thread | None = None
        self._again = False

    @property
    def running(self) -> bool:
        """Whether work continues in the background: assumed to be true, since other processes do
        it."""
        return True

    def start(self) -> None:
        """Notify the workers of any waiting work. Raises: SettingsInvalid."""
        self._check()
        self.wake()

    def wake(self) -> None:
        """Notify workers that something was queued, deleted or reconfigured, without waiting."""
        with self._lock:
            if self._nudging is not None:
                self._again = True
                return
            self._nudging = Thread(target=self._nudge, name="nudge", daemon=True)
            self._nudging.start()

    def stop(self, timeout: float | None = None) -> None:
        """Send pending messages."""
        with self._lock:
            nudging = self._nudging
        if nudging is not None:
            nudging.join(_CLOSE_SECONDS if timeout is None else min(timeout, _CLOSE_SECONDS))
        if self._broker is not None:
            self._broker.close()

    def run_until_empty(
        self, collection: str | None = None, progress: ReportProgress = ignore_progress
    ) -> Processed:
        """Wait until workers have processed and published everything in the queue. If all of it was
        cancelled, there is nothing to publish.

        Raises: StoreError, SettingsInvalid.
        """
        self._check()
        try:
            return self._wait(collection, progress)
        except StoreClosed:
            raise
        except StoreUnavailable as error:
            raise type(error)(f"{error} {_GOES_ON}") from error

    def _wait(self, collection: str | None, progress: ReportProgress) -> Processed:
        queue = self._pipeline.queue
        asked = [job.id for job in queue.jobs(collection, unfinished_at=EVERY_REVISION)]
        most, waiting = 0, -1
        moved, changed, quiet = self._moved(collection), time.monotonic(), 0
        looks = 4 * self._poll_seconds

        def refused() -> bool:
            return any(self._refusals(collection))

        snapshot = SnapshotWatch(queue, collection, self._depth, refused, progress, looks)
        self.wake()
        while True:
            before, waiting = waiting, queue.waiting(collection)
            most = max(most, waiting)
            progress(StepProgress(step="extract", done=most - waiting, total=most))
            if not waiting and not self._stale(collection):
                # Whoever published meanwhile may have queued what a re-indexing still lacks.
                if queue.busy(collection):
                    continue
                return Processed(done=most)
            if not waiting and asked and self._came_to_nothing(asked):
                return Processed()
            if waiting != before or (not waiting and snapshot.moves()):
                changed, quiet = time.monotonic(), 0
            elif time.monotonic() - changed > self._worry_seconds:
                # Documents may be long: their drafts, passages and tokens count as progress, too.
                before_that, moved = moved, self._moved(collection)
                changed = time.monotonic()
                quiet = quiet + 1 if moved == before_that else 0
                at_work = snapshot.at_work or any(held for *_, held in moved)
                if quiet > (_PATIENT if at_work else 0):
                    self._worry(collection)
            time.sleep(self._poll_seconds)

    def _depth(self) -> int | None:
        """How many messages wait to be embedded, or published."""
        return None if self._broker is None else self._broker.depth("embed")

    def _moved(self, collection: str | None) -> Sequence[tuple[str, Progress, int, int]]:
        """What changes with any progress of the unfinished jobs; the last item of each job is the
        number of documents that workers hold."""
        jobs = self._pipeline.queue.jobs(collection, unfinished_at=EVERY_REVISION, limit=10)
        return [
            (job.id, job.progress, job.drafted, job.counts.get(TaskState.EXTRACTING, 0))
            for job in jobs
        ]

    def _stale(self, collection: str | None) -> bool:
        store, publisher = self._pipeline.store, self._pipeline.publisher
        found = store.collections() if collection is None else [store.collection(collection)]
        change = self._pipeline.changeover
        return any(
            not publisher.covers(one) or (change.is_due(one) and not change.is_held_up(one))
            for one in found
        )

    def _came_to_nothing(self, job_ids: Sequence[str]) -> bool:
        """Whether these jobs were all cancelled before any of their documents was extracted."""
        jobs: list[Job] = []
        for job_id in job_ids:
            with suppress(JobNotFound):  # its collection may have been deleted
                jobs.append(self._pipeline.queue.job(job_id))
        return not any(job.filling or job.counts.get(TaskState.EXTRACTED) for job in jobs) and any(
            job.counts.get(state) for job in jobs for state in CALLED_OFF
        )

    def _worry(self, collection: str | None) -> None:
        """Log the likely reason why nothing has moved for a while."""
        reason = "is `ammon worker` running, with the same settings?"
        queue = self._pipeline.queue
        for job in queue.jobs(collection, unfinished_at=EVERY_REVISION, limit=10):
            waiting = queue.tasks(job.id, state=TaskState.QUEUED, limit=1)
            if waiting and waiting[0].error:
                reason = waiting[0].error
        for refusal in self._refusals(collection):
            reason = str(refusal)
        _log.warning("still waiting for workers", reason=reason)
        self.wake()

    def _refusals(self, collection: str | None) -> Iterator[Refusal]:
        """What workers cannot do for the collection, or for any."""
        every = [one.name for one in self._pipeline.store.collections()]
        for name in [collection] if collection else every:
            yield from refusals(self._pipeline.queue, name)

    def _nudge(self) -> None:
        while True:
            if self._broker is None:
                self._broker = self._open_broker()
            self._broker.send("prepare", {})
            with self._lock:
                if not self._again:
                    self._nudging = None
                    return
                self._again = False
