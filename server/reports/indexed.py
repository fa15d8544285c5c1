"""How many of a job's finished documents the published snapshot has, while it lacks some."""

from collections import OrderedDict
from collections.abc import Callable, Set
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock

from kg.errors import JobNotFound
from kg.jobs import Job, TaskState
from kg.queue import JobStore

_NEAR = 32
"""A snapshot so many revisions behind, of which each brings in a few dozen documents at most, is
always compared with the graph; one further behind only when a job is looked at first."""
_MOST_JOBS = 10_000
_MOST_LOOKS = 1_000
"""So many jobs, and looks at one of them, are remembered."""
_ALL = 1 << 31
"""More tasks than a job has."""


@dataclass(slots=True)
class _Known:
    """What a process knows of a job."""

    seen: int = 0
    """At least so many of its documents are in the published snapshot."""
    looks: list[tuple[int, int]] = field(default_factory=list)
    """(revision, finished documents) at looks since: they are all in any snapshot of that
    revision."""


class IndexedDocuments:
    """Counts documents that questions see, so that no later count is lower. Safe for threads.

    Exact while the snapshot is not far behind; otherwise at least what was finished when a job was
    last looked at before the present snapshot was made.
    """

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, _Known] = OrderedDict()
        self._lock = Lock()

    def all_of(self, job: Job) -> int:
        """The number for a job whose finished documents are all in the snapshot."""
        finished = job.counts.get(TaskState.EXTRACTED, 0)
        with self._lock:
            if job.open or job.filling:
                self._note(job, finished, published=job.revision)
            else:
                self._jobs.pop(job.id, None)
        return finished

    def some_of(
        self,
        queue: JobStore,
        job: Job,
        *,
        published: int,
        present: int,
        changed: Callable[[], Set[str] | None],
    ) -> int:
        """The number for a job whose last documents the snapshot of the revision `published` lacks
        (-1: there is none). `present` is the graph's revision; `changed` reads which documents
        came in or changed since the former, None if that is not known any more."""
        finished = job.counts.get(TaskState.EXTRACTED, 0)
        with self._lock:
            known = self._jobs.get(job.id)
        seen = 0 if known is None else _seen(known, published)
        # A single one is the one that the snapshot lacks.
        if finished > 1 and published >= 0 and (known is None or present - published <= _NEAR):
            seen = max(seen, finished - _lacking(queue, job, changed()))
        with self._lock:
            return min(self._note(job, seen, published=published), finished)

    def _note(self, job: Job, seen: int, *, published: int) -> int:
        """Remember a look; the number of documents seen, by this or an earlier one."""
        known = self._jobs.setdefault(job.id, _Known())
        known.seen = max(seen, _seen(known, published))
        known.looks = [look for look in known.looks if look[0] > published]
        look = (job.revision, job.counts.get(TaskState.EXTRACTED, 0))
        if look[0] > published and look not in known.looks and len(known.looks) < _MOST_LOOKS:
            known.looks.append(look)
        self._jobs.move_to_end(job.id)
        if len(self._jobs) > _MOST_JOBS:
            self._jobs.popitem(last=False)
        return known.seen


def _seen(known: _Known, published: int) -> int:
    return max([known.seen, *(done for revision, done in known.looks if revision <= published)])


def _lacking(queue: JobStore, job: Job, changed: Set[str] | None) -> int:
    """How many of the job's finished documents are among the changed ones; all of them if these
    are not known."""
    finished = job.counts.get(TaskState.EXTRACTED, 0)
    if changed is None:
        return finished
    few = changed if len(changed) < finished else None
    with suppress(JobNotFound):
        tasks = queue.tasks(job.id, state=TaskState.EXTRACTED, limit=_ALL, document_ids=few)
        return sum(task.document_id in changed for task in tasks)
    return finished
