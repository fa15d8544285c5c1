"""Documents out of the store's queue into batches, and back into the graph when they are whole.

The process that took a document holds its lease until it is in the graph, wherever its passages
are extracted. What nobody seems to work on is looked at, and sent, again.
"""

import math
import time
from collections.abc import Sequence, Set
from threading import Event, Lock

from indexer.flow.batches import Batch, batches
from indexer.flow.pauses import Pauses
from indexer.flow.routing import Router, lease_urgent
from indexer.flow.tools import Tools
from indexer.ingestion.ingester import SETUP_ERRORS, Ingester
from indexer.ingestion.processed import Processed
from kg.errors import CollectionNotFound, StoreOverloaded
from kg.jobs import Task
from kg.records import Collection

MOST_WAITING = 64
"""Batches in the broker from which on no more documents are taken from the store."""
MOST_URGENT = 16
"""Batches that go first, from which on no more of them are taken while there is no room."""
LARGEST_LEASE = 32
"""Documents that are taken at once."""
_LOOK_SECONDS = 1.0
"""Between two looks, while there is no room, for what is more urgent than what waits."""


class Dispatcher:
    """Takes the steps `prepare` and `commit`, and keeps what it took. Safe for several threads."""

    def __init__(self, tools: Tools, ingester: Ingester, pauses: Pauses) -> None:
        """Compose."""
        self._tools = tools
        self._ingester = ingester
        self._pauses = pauses
        self.router = Router(tools)
        self._looked = -math.inf
        self._preparing = Lock()
        self._committing = Lock()
        """Held by the thread that brings in what was asked for, lest a doubled message count
        twice."""
        self._again = Event()
        """Set when there may be documents that nobody has looked at."""
        self._kept: dict[str, float] = {}
        """Task id -> when its batches were sent."""
        self._lock = Lock()

    def prepare(self) -> Processed:
        """Take documents: bring in drafts of those that want one; send the batches of the others,
        until there are enough of them in the broker.

        Raises: StoreUnavailable.
        """
        self._again.set()
        result = Processed()
        # Whoever is at it already looks again; so nothing that came in meanwhile is missed.
        while self._again.is_set() and self._preparing.acquire(blocking=False):
            try:
                self._again.clear()
                result += self._prepare()
            finally:
                self._preparing.release()
        return result

    def _prepare(self) -> Processed:
        limit, result = 1, Processed()
        until = time.monotonic() + self._tools.times.message
        while self._tools.begins:
            tasks = self._next(limit)
            if not tasks:
                break
            begun = any(task.attempts > 1 for task in tasks)
            limit = 1 if begun else min(limit * 2, LARGEST_LEASE)
            result += self._advance(tasks, send=True)
            if time.monotonic() > until:  # as when very many drafts are made
                self._tools.broker.send("prepare", {})
                break
        return result

    def commit(self, task_ids: Sequence[str]) -> Processed:
        """Bring in those of these tasks' documents that are whole. Raises: StoreUnavailable."""
        with self._committing:
            return self._advance(self._tools.queue.leased(task_ids), send=False)

    def keep(self) -> None:
        """Hold on to what this process took; send again what nobody works on.

        Raises: StoreUnavailable.
        """
        tools = self._tools
        with self._lock:
            kept = list(self._kept)
        if not kept:
            return
        held = tools.queue.extend(kept, worker=tools.name, seconds=tools.times.lease)
        before = time.monotonic() - tools.times.resend
        with self._lock:
            for task_id in kept:
                if task_id not in held:
                    self._kept.pop(task_id, None)
            old = [task_id for task_id, sent in self._kept.items() if sent < before]
        if old and tools.begins and self._depth() == 0:
            with self._committing:
                self._advance(tools.queue.leased(old), send=True)

    def give_back(self) -> None:
        """Let go of what this process took: others take it, and find what is saved."""
        with self._lock:
            kept = list(self._kept)
            self._kept.clear()
        self._tools.queue.release(kept, worker=self._tools.name)

    def _depth(self) -> int | None:
        """How many batches wait in the broker; None if it is unavailable."""
        usual = self._tools.broker.depth("extract")
        urgent = None if usual is None else self._tools.broker.depth("urgent")
        return None if usual is None or urgent is None else usual + urgent

    def _next(self, limit: int) -> Sequence[Task]:
        """The next tasks, of collections without a pause. What has a draft is sent before others
        get one, or else models would wait for all of these; but these do not wait for models."""
        excluded = {*self._pauses.known(), *self._refused()}
        depth = self._depth()
        if depth is None:
            return ()
        wanted: tuple[bool | None, ...] = (True, None)
        if depth >= MOST_WAITING:
            if first := self._urgent(excluded):
                return self._awake(first) or self._next(limit)
            collections = self._tools.store.collections()
            plain = {found.name for found in collections if not self._wants_drafts(found)}
            excluded |= plain
            wanted = (False,) if len(plain) < len(collections) else ()
        for drafted in wanted:
            tasks = self._tools.queue.lease(
                worker=self._tools.name,
                limit=limit,
                seconds=self._tools.times.lease,
                excluded=excluded,
                drafted=drafted,
            )
            if tasks:
                return self._awake(tasks) or self._next(limit)
        return ()

    def _urgent(self, excluded: Set[str]) -> Sequence[Task]:
        """A task that is more urgent than what waits in the broker, where there is one."""
        now = time.monotonic()
        if now - self._looked < _LOOK_SECONDS:
            return ()
        if (self._tools.broker.depth("urgent") or 0) < MOST_URGENT:
            for drafted in (True, None):
                if found := lease_urgent(self._tools, self.router, drafted, excluded):
                    return found
        self._looked = now
        return ()

    def _wants_drafts(self, collection: Collection) -> bool:
        try:
            return self._ingester.drafts.wanted(collection.settings)
        except SETUP_ERRORS:  # whoever works on its documents says so
            return False

    def _refused(self) -> Set[str]:
        """Collections of which this worker takes nothing: what it cannot read, or commit, it would
        only hold, and its batches would fill the broker."""
        return self._pauses.refused("prepare") | self._pauses.refused("extract")

    def _awake(self, tasks: Sequence[Task]) -> Sequence[Task]:
        """Keep these tasks, but for those whose collection is paused: they go back."""
        refused = self._refused()
        names = {task.collection for task in tasks}
        paused = {name for name in names if name in refused or self._pauses.is_paused(name)}
        asleep = [task.id for task in tasks if task.collection in paused]
        if asleep:
            self._tools.queue.release(asleep, worker=self._tools.name)
        awake = [task for task in tasks if task.collection not in paused]
        self._note(awake, time.monotonic())
        return awake

    def _note(self, tasks: Sequence[Task], sent: float) -> None:
        with self._lock:
            self._kept.update((t.id, sent) for t in tasks if t.worker == self._tools.name)

    def _advance(self, tasks: Sequence[Task], *, send: bool) -> Processed:
        """Commit what is whole and, if so wished, send what the others lack."""
        try:
            gathered = self._ingester.gather(tasks)
        except CollectionNotFound:
            return Processed()
        except (StoreOverloaded, *SETUP_ERRORS) as error:
            for collection in {task.collection for task in tasks}:
                self._pauses.begin(collection, "prepare", error)
            return self._ingester.postpone(tasks, error)
        for collection in {task.collection for task in tasks}:
            self._pauses.end(collection, "prepare")
        self._tools.meter.documents(done=gathered.result.done, failed=gathered.result.failed)
        if send:
            sent = [self._send(batch) for batch in batches(tasks, gathered.missing)]
            lacking = [task for task in tasks if task.id in gathered.missing]
            self._note(lacking, time.monotonic() if all(sent) else -math.inf)
        return gathered.result

    def _send(self, batch: Batch) -> bool:
        step = self.router.step_for(batch.job)
        self.router.note(batch.job)
        return self._tools.broker.send(step, batch.fields())
