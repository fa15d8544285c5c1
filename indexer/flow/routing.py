"""Priorities in the broker, where who came first is first: which queue a batch is sent to.

The store orders documents by priority, but what was taken from it waits in the order in which it
came. So what is more urgent than anything of the last minutes has a queue of its own, to which
batches of the other one give way.
"""

import math
import time
from collections.abc import Set

from indexer.flow.broker import Broker, Step
from indexer.flow.tools import Tools
from kg.errors import JobNotFound
from kg.jobs import Task

REMEMBERED_SECONDS = 600.0
"""For which it counts what priority was sent, or begun; a batch may wait for so long."""
MOST_JOBS = 1000
"""Whose priorities are kept at hand."""

EMPTY_SECONDS = 1.0
"""For which a worker believes that nothing urgent waits."""


class Router:
    """Sends urgent batches past the others, by the priorities that this process has seen of late.
    Safe for several threads."""

    def __init__(self, tools: Tools) -> None:
        """No priority has been seen yet."""
        self._tools = tools
        self._priorities: dict[str, int] = {}
        self._seen: dict[int, float] = {}
        """Priority -> when it was last sent or begun."""

    def step_for(self, job_id: str) -> Step:
        """The step by which a batch of this job is sent. Raises: StoreUnavailable."""
        return "urgent" if self.is_urgent(job_id) else "extract"

    def is_urgent(self, job_id: str) -> bool:
        """Whether something less urgent may be waiting in the broker. Raises: StoreUnavailable."""
        before = time.monotonic() - REMEMBERED_SECONDS
        known = [priority for priority, seen in list(self._seen.items()) if seen > before]
        return bool(known) and self._priority(job_id) > min(known)

    def note(self, job_id: str) -> None:
        """A batch of this job was sent, or begun. Raises: StoreUnavailable."""
        self._seen[self._priority(job_id)] = time.monotonic()

    def _priority(self, job_id: str) -> int:
        if job_id not in self._priorities:
            if len(self._priorities) >= MOST_JOBS:
                self._priorities.clear()
            try:
                self._priorities[job_id] = self._tools.queue.account(job_id).priority
            except JobNotFound:  # deleted meanwhile
                return 0
        return self._priorities[job_id]


class UrgentQueue:
    """Whether urgent batches wait in the broker. Safe for several threads."""

    def __init__(self, broker: Broker) -> None:
        """Nobody has looked yet."""
        self._broker = broker
        self._empty_at = -math.inf

    def waits(self) -> bool:
        """That there are none is believed for a second; that there are some, never: a worker that
        gave way to what another one has begun would only send messages round."""
        if time.monotonic() - self._empty_at < EMPTY_SECONDS:
            return False
        if self._broker.depth("urgent"):
            return True
        self._empty_at = time.monotonic()
        return False


def lease_urgent(
    tools: Tools, router: Router, drafted: bool | None, excluded: Set[str]
) -> list[Task]:
    """The next task, of other collections than these, if it is urgent; else it stays in the store.
    Raises: StoreUnavailable."""
    tasks = tools.queue.lease(
        worker=tools.name,
        limit=1,
        seconds=tools.times.lease,
        excluded=excluded,
        drafted=drafted,
    )
    found = [task for task in tasks if router.is_urgent(task.job_id)]
    tools.queue.release([task.id for task in tasks if task not in found], worker=tools.name)
    return found
