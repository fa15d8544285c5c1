"""Which batches go past those that wait in the broker, where who came first is first.

The store orders documents by priority, but what was taken from it waits in the order in which it
came. So what is more urgent than anything of the last minutes has a queue of its own, which workers
serve in turn with the other one.
"""

import time

from indexer.flow.post import Step
from indexer.flow.tools import Tools
from kg.errors import JobNotFound
from kg.jobs import Task

REMEMBERED_SECONDS = 600.0
"""For which it counts what priority was sent, or begun; a batch may wait for so long."""
MOST_JOBS = 1000
"""Whose priorities are kept at hand."""


class Lanes:
    """What this process knows of priorities. Safe for several threads."""

    def __init__(self, tools: Tools) -> None:
        """Nothing is known yet."""
        self._tools = tools
        self._priorities: dict[str, int] = {}
        self._seen: dict[int, float] = {}
        """Priority -> when it was last sent or begun."""

    def of(self, job_id: str) -> Step:
        """The step by which a batch of this job is sent. Raises: StoreUnavailable."""
        return "urgent" if self.goes_first(job_id) else "extract"

    def goes_first(self, job_id: str) -> bool:
        """Whether something less urgent may be waiting in the broker. Raises: StoreUnavailable."""
        before = time.monotonic() - REMEMBERED_SECONDS
        known = [priority for priority, seen in list(self._seen.items()) if seen > before]
        return bool(known) and self._priority(job_id) > min(known)

    def saw(self, job_id: str) -> None:
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


def first_of(
    tools: Tools, lanes: Lanes, drafted: bool | None, collection: str | None
) -> list[Task]:
    """The next task, if it goes first; else it stays in the store. Raises: StoreUnavailable."""
    tasks = tools.queue.lease(
        worker=tools.name,
        limit=1,
        seconds=tools.times.lease,
        collection=collection,
        drafted=drafted,
    )
    found = [task for task in tasks if lanes.goes_first(task.job_id)]
    tools.queue.release([task.id for task in tasks if task not in found], worker=tools.name)
    return found
