"""One thread's work: lease some tasks, hold on to them, process them, and so on."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event

from indexer.heartbeat import beating
from indexer.ingestion.ingester import SETUP_ERRORS
from indexer.ingestion.processed import Processed
from indexer.outages import Outages
from indexer.pipeline import Pipeline
from indexer.process import is_dead, worker_name
from kg.errors import ModelUnavailable, StoreError, StoreOverloaded
from kg.jobs import Task

LARGEST_BATCH = 32
"""Documents in one lease, at most."""
QUICK_SECONDS, SLOW_SECONDS = 2.0, 10.0
"""Batches that take less grow, those that take more shrink."""
DRAFT_PATIENCE = 10.0
"""So many times as long may batches take whose documents are in the graph as drafts: a chat model
is asked about several documents at once, and what it answered is kept before the batch is done."""
STRIKES = 5
"""How often in a row a model may be out of reach before a run that is waited for gives up."""


@dataclass(kw_only=True, slots=True)
class WorkerLoop:
    """The loop of one worker thread. Batches start small and grow while they are quick, so that
    slow extractors commit often; a task that was begun before is worked on alone, so that one that
    kills its process does so at nobody else's expense."""

    pipeline: Pipeline
    lease_seconds: float
    poll_seconds: float
    stop: Event
    arrived: Event
    """Set when there may be new tasks, and when `stop` is."""
    report: Callable[[Processed], None]
    """Told what became of each batch."""
    outages: Outages
    """Shared by all threads of a worker."""
    waits: Callable[[int], None] = lambda _: None
    """Told how many tasks it waits for, as others are at them."""
    collection: str | None = None
    drafts_only: bool = False
    """Whether it only indexes drafts and what needs none: it never waits for a chat model."""
    name: str = field(default_factory=worker_name)

    def run(self, *, until_empty: bool) -> None:
        """Work until asked to stop or, optionally, until nothing is left to do.

        Raises: StoreError. Only until empty: ModelUnavailable if a model stays out of reach or
        cannot be had at all, and `SETUP_ERRORS`; the tasks keep waiting.
        """
        queue, limit = self.pipeline.queue, 1
        while not self.stop.is_set():
            tasks = self._lease(limit)
            if not tasks:
                if queue.reclaim(is_dead):
                    continue
                if until_empty and self.drafts_only:
                    return
                if until_empty:
                    waiting = queue.waiting(self.collection)
                    if not waiting:
                        return
                    self.waits(waiting)
                self.arrived.wait(self.poll_seconds)
                self.arrived.clear()
                continue
            began = time.monotonic()
            result = self._process(tasks, until_empty=until_empty)
            self.report(result)
            limit = 1 if result.trouble else _pace(limit, tasks, time.monotonic() - began)
            self._heed(tasks, result, until_empty=until_empty)

    def _lease(self, limit: int) -> Sequence[Task]:
        """The next tasks, of all collections but those that rest."""
        resting = self.outages.resting()
        chosen: list[str | None] = [self.collection]
        if self.drafts_only:
            chosen = [
                name for name in self.pipeline.tiers.quick() if self.collection in (None, name)
            ]
            resting = frozenset()
        for name in chosen:
            if name in resting:
                continue
            tasks = self.pipeline.queue.lease(
                worker=self.name,
                limit=limit,
                seconds=self.lease_seconds,
                collection=name,
                excluded=resting,
                drafted=False if self.drafts_only else None,
            )
            if tasks:
                return tasks
        return ()

    def _heed(self, tasks: Sequence[Task], result: Processed, *, until_empty: bool) -> None:
        """Let collections rest whose model is out of reach; raise if there is no point in that."""
        for collection in {task.collection for task in tasks}:
            if not result.trouble:
                if result.done:
                    self.outages.over(collection)
            elif not result.done:
                hopeless = until_empty and result.permanent
                strikes = 0 if hopeless else self.outages.strike(collection, result.trouble)
                if hopeless or (until_empty and strikes >= STRIKES):
                    waiting = self.pipeline.queue.waiting(self.collection)
                    documents = "1 document waits" if waiting == 1 else f"{waiting} documents wait"
                    raise ModelUnavailable(
                        f"{result.trouble} ({documents} in the queue; the next run continues "
                        "there.)",
                        permanent=result.permanent,
                    )

    def _process(self, tasks: Sequence[Task], *, until_empty: bool) -> Processed:
        queue, held = self.pipeline.queue, [task.id for task in tasks]

        def hold() -> None:
            queue.extend(held, worker=self.name, seconds=self.lease_seconds)

        try:
            with beating(hold, self.lease_seconds / 3, "lease", failure="could not extend a lease"):
                return self.pipeline.process(tasks, self.stop.is_set)
        except BaseException as error:  # an interrupt too: nobody has to wait for the lease's end
            if isinstance(error, (StoreOverloaded, *SETUP_ERRORS)) and not until_empty:
                return self.pipeline.postpone(tasks, error)
            with suppress(StoreError):
                queue.release(held, worker=self.name)
            raise


def _pace(limit: int, tasks: Sequence[Task], seconds: float) -> int:
    """How many tasks to lease next."""
    if any(task.attempts > 1 for task in tasks):
        return 1
    patience = 1.0 if not all(task.drafted for task in tasks) else DRAFT_PATIENCE
    if seconds > patience * SLOW_SECONDS:
        return max(limit // 2, 1)
    if seconds < patience * QUICK_SECONDS and len(tasks) == limit:
        return min(limit * 2, LARGEST_BATCH)
    return limit
