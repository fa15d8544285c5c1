"""The embedded worker: threads that index queued documents and publish snapshots.

For the command line it runs until nothing is left to do; for a server it runs in the background.
Tasks and leases are in the store: any number of workers, in any number of processes, share them.
"""

import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event, Thread

import structlog

from indexer.heartbeat import beating
from indexer.ingestion.processed import Processed
from indexer.outages import Outages
from indexer.pipeline import Pipeline
from indexer.process import worker_name
from indexer.progress import (
    CUT_SHORT,
    ReportProgress,
    Stopped,
    ignore_progress,
    until_stopped,
)
from indexer.refusals import Refusals
from indexer.worker_loop import WorkerLoop
from indexer.worker_progress import HowFar, Tally
from kg.errors import (
    AmmonError,
    CollectionNotFound,
    ModelError,
    ModelUnavailable,
    StoreError,
    StoreUnavailable,
)
from kg.fail_fast import failing_fast
from kg.records import Collection

_TELL_SECONDS = 1.0
"""Between two reports of how far a model is."""

_log = structlog.get_logger(__name__)


class Worker:
    """Works through a pipeline's queue.

    More than one thread helps where work waits for an endpoint; the local extractor and tokenizer
    use one processor at a time whatever the number.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        *,
        threads: int = 1,
        lease_seconds: float = 60.0,
        poll_seconds: float = 1.0,
        publish_seconds: float = 10.0,
    ) -> None:
        """`publish_seconds`: the least time between two snapshots while tasks keep coming."""
        self._pipeline = pipeline
        self._number = threads
        self._lease_seconds = lease_seconds
        self._poll_seconds = poll_seconds
        self._publish_seconds = publish_seconds
        self._stop = Event()
        self._arrived = Event()
        self._publish_now = Event()
        self._running: list[Thread] = []
        self._refusals = Refusals(pipeline.queue, worker_name())

    def run_until_empty(
        self, collection: str | None = None, progress: ReportProgress = ignore_progress
    ) -> Processed:
        """Work until no task of the collection (of any, if None) waits or is worked on by others,
        then publish what changed.

        Returns what became of the tasks that this worker took. Works in the calling thread too, so
        that an interrupt reaches it.
        Raises: StoreError; ModelError: what is done stays done, the next run goes on.
        """
        store, queue = self._pipeline.store, self._pipeline.queue
        stop = Event()
        tally = Tally(lambda: queue.waiting(collection), progress)
        outages = Outages()
        self._draft(collection, stop, tally, progress)

        def work() -> None:
            loop = self._loop(stop, tally.add, collection, outages)
            loop.waits = tally.wait
            loop.run(until_empty=True)

        asked = HowFar(queue, collection, progress)
        asked.tell()
        with (
            beating(asked.tell, _TELL_SECONDS, "progress", failure="could not report progress"),
            ThreadPoolExecutor(max(self._number - 1, 1), "worker") as pool,
        ):
            helpers = [pool.submit(work) for _ in range(self._number - 1)]
            trouble: ModelUnavailable | None = None
            try:
                work()
                for helper in helpers:
                    helper.result()
            except ModelUnavailable as error:
                trouble = error  # after what is done was published
            finally:
                stop.set()
        asked.tell_all()
        changing = False
        for name in (
            [found.name for found in store.collections()] if not collection else [collection]
        ):
            changing = changing or self._pipeline.changing(name)
            self._pipeline.publish(name, progress)
            self._pipeline.tidy(name)
        if trouble:
            raise trouble
        if changing and queue.busy(collection):  # what came in meanwhile is to follow
            return tally.result + self.run_until_empty(collection, progress)
        return tally.result

    def _draft(
        self, collection: str | None, stop: Event, tally: Tally, progress: ReportProgress
    ) -> None:
        """Bring in all that is to come in as a draft, and publish it: the rest takes its time."""
        self._loop(stop, tally.add, collection, Outages(), drafts_only=True).run(until_empty=True)
        if tally.result.drafted:
            for name in self._pipeline.tiers.drafting():
                if collection in (None, name):
                    with suppress(ModelError):  # at the end it is tried again, and told
                        self._pipeline.publish(name, progress)

    def start(self) -> None:
        """Work in the background until `stop`."""
        self._stop.clear()
        outages = Outages()

        def work() -> None:
            self._loop(self._stop, self._after_batch, None, outages).run(until_empty=False)

        def draft() -> None:
            drafts = self._loop(self._stop, self._after_batch, None, outages, drafts_only=True)
            drafts.run(until_empty=False)

        jobs = [work] * self._number + [draft, self._publish]
        self._running = [
            Thread(target=self._forever, args=(job,), name=f"worker-{number}", daemon=True)
            for number, job in enumerate(jobs)
        ]
        for thread in self._running:
            thread.start()

    @property
    def running(self) -> bool:
        """Whether it works in the background."""
        return bool(self._running)

    def wake(self) -> None:
        """Look now, not at the next poll: something was queued, deleted or reconfigured."""
        self._arrived.set()
        self._publish_now.set()

    def stop(self, timeout: float | None = None) -> None:
        """Let what was begun be finished, take on nothing more, and wait for that.

        Work that is not finished after `timeout` seconds is done again by the next process.
        """
        self._stop.set()
        self.wake()
        until = None if timeout is None else time.monotonic() + timeout
        for thread in self._running:
            thread.join(None if until is None else max(until - time.monotonic(), 0.0))
        self._running = []
        with suppress(StoreError), failing_fast():
            self._refusals.end_all()

    def _loop(
        self,
        stop: Event,
        report: Callable[[Processed], None],
        collection: str | None,
        outages: Outages,
        *,
        drafts_only: bool = False,
    ) -> WorkerLoop:
        return WorkerLoop(
            pipeline=self._pipeline,
            lease_seconds=self._lease_seconds,
            poll_seconds=self._poll_seconds,
            stop=stop,
            arrived=self._arrived,
            report=report,
            collection=collection,
            outages=outages,
            drafts_only=drafts_only,
        )

    def _after_batch(self, result: Processed) -> None:
        if result.drafted or not self._pipeline.queue.busy():
            self._publish_now.set()

    def _publish(self) -> None:
        """Publish what changed: once its queue is empty; every so often while it is not. What fails
        is told to everyone, and tried again as often."""
        last: dict[str, float] = {}
        while not self._stop.is_set():
            pause = self._publish_seconds
            self._pipeline.store.finish_deletions(seconds=self._publish_seconds)
            for collection in self._pipeline.store.collections():
                name = collection.name
                busy = self._pipeline.queue.busy(name)
                early = last.get(name, -math.inf) + self._publish_seconds - time.monotonic()
                if busy and early > 0.0:
                    pause = min(pause, early)
                    continue
                try:
                    if self._publish_if_stale(collection):
                        last[name] = time.monotonic()
                except Stopped:
                    _log.info(CUT_SHORT, collection=name)
                    return
            self._publish_now.wait(pause)
            self._publish_now.clear()

    def _publish_if_stale(self, collection: Collection) -> bool:
        """Publish what changed in a collection; return whether that was tried. Raises: Stopped."""
        name, seconds = collection.name, self._publish_seconds
        try:
            if not self._pipeline.publisher.stale(collection):
                self._refusals.end(name, "publish")
                return False
            self._pipeline.publish(name, until_stopped(self._stop))
            self._pipeline.tidy(name)
            self._refusals.end(name, "publish")
        except CollectionNotFound:
            pass  # it was just deleted
        except (AmmonError, OSError) as error:  # the other collections go on
            told = f"could not publish a snapshot; it is tried again in {seconds:g} s"
            _log.warning(told, collection=name, reason=str(error))
            with suppress(StoreError):
                self._refusals.begin(name, "publish", str(error), seconds)
        return True

    def _forever(self, job: Callable[[], None]) -> None:
        while not self._stop.is_set():
            try:
                job()
            except StoreUnavailable as error:
                if not self._stop.is_set():
                    _log.warning("store unavailable; waiting for it", reason=str(error))
                self._stop.wait(self._poll_seconds)
            except Exception:  # the outermost boundary of a thread
                _log.exception("unexpected error in a worker; it continues")
                self._stop.wait(self._publish_seconds)
