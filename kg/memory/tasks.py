"""The jobs and their tasks, in order of arrival: what is read of them, and how they change."""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from kg.absence import no_job
from kg.jobs import OPEN, Job, Task, TaskState
from kg.memory.leases import MemoryLeases
from kg.memory.task import QueuedTask
from kg.records import Document
from kg.tally import with_tallies


class MemoryTasks(MemoryLeases):
    """See `kg.jobs.JobQueue`. The base of `MemoryQueue`."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """No jobs; `clock` gives seconds since 1970."""
        super().__init__(clock)
        self._jobs: dict[str, Job] = {}
        self._tasks: dict[str, QueuedTask] = {}
        self._versions: dict[tuple[str, str], list[QueuedTask]] = {}
        """(collection, document id) -> its tasks, oldest first."""
        self._worked_at: dict[str, float] = {}
        """Job id -> when there last was progress."""

    def job(self, job_id: str) -> Job:
        with self._lock:
            if job_id not in self._jobs:
                raise no_job(job_id)
            tasks = [one for one in self._tasks.values() if one.task.job_id == job_id]
            return with_tallies(self._jobs[job_id], [one.tally() for one in tasks])

    def jobs(self, collection: str | None = None, *, limit: int = 100) -> Sequence[Job]:
        with self._lock:
            newest_first = reversed(self._jobs.values())
            found = [job.id for job in newest_first if collection in (None, job.collection)]
            return [self.job(id_) for id_ in found[:limit]]

    def tasks(
        self, job_id: str, *, state: TaskState | None = None, limit: int = 1000
    ) -> Sequence[Task]:
        with self._lock:
            self.job(job_id)
            tasks = [one.task for one in self._tasks.values() if one.task.job_id == job_id]
            found = [replace(task, document=None) for task in tasks if state in (None, task.state)]
            return found[:limit]

    def waiting(self, collection: str | None = None) -> int:
        with self._lock:
            return sum(collection in (None, one.task.collection) for one in self._in(*OPEN))

    def pending(
        self, collection: str, document_ids: Iterable[str] | None = None
    ) -> Mapping[str, str]:
        with self._lock:
            chosen = None if document_ids is None else set(document_ids)
            return {
                one.task.document_id: one.fingerprint
                for one in self._in(*OPEN)
                if one.task.collection == collection
                and (chosen is None or one.task.document_id in chosen)
            }

    def _add(self, job: Job, document: Document) -> QueuedTask:
        """Queue a document instead of its older texts that wait, or failed."""
        versions = self._versions.setdefault((job.collection, document.id), [])
        for older in versions:
            if older.state in (TaskState.QUEUED, TaskState.FAILED):
                older.become(TaskState.CANCELLED)
        task = Task(
            id=f"tsk-{uuid.uuid4().hex}",
            job_id=job.id,
            collection=job.collection,
            document=document,
            document_id=document.id,
            source=document.source,
        )
        versions.append(QueuedTask(task, document.fingerprint, job.priority))
        self._tasks[task.id] = versions[-1]
        return versions[-1]

    def _draft(self, collection: str, task_ids: Iterable[str]) -> None:
        for id_ in task_ids:
            one = self._tasks.get(id_)
            if one and one.state in OPEN and one.task.collection == collection:
                one.task = replace(one.task, drafted=True)

    def _complete(self, collection: str, task_ids: Iterable[str], revision: int) -> None:
        for id_ in task_ids:
            one = self._tasks.get(id_)
            if one and one.state in OPEN and one.task.collection == collection:
                one.become(TaskState.EXTRACTED)
                one.passages_done = one.passages
                one.task = replace(one.task, error="")
                job = self._jobs[one.task.job_id]
                self._jobs[job.id] = replace(job, revision=revision)

    def _forget_jobs(self, collection: str) -> None:
        for id_ in [
            one.task.id for one in self._tasks.values() if one.task.collection == collection
        ]:
            del self._tasks[id_]
        for job in [job for job in self._jobs.values() if job.collection == collection]:
            del self._jobs[job.id]
        for key in [key for key in self._versions if key[0] == collection]:
            del self._versions[key]

    def _held_among(self, task_ids: Iterable[str], worker: str) -> list[QueuedTask]:
        """The tasks of these that the worker holds, in order of arrival."""
        chosen = set(task_ids)
        return [
            one
            for one in self._in(TaskState.EXTRACTING)
            if one.task.id in chosen and one.is_held_by(worker)
        ]

    def _in(self, *states: TaskState) -> list[QueuedTask]:
        return [one for one in self._tasks.values() if one.state in states]

    def _of_document(self, collection: str, document_id: str) -> list[QueuedTask]:
        return self._versions.get((collection, document_id), [])

    def _is_held(self, task: Task) -> bool:
        """Whether another task of the same document is being worked on."""
        others = self._of_document(task.collection, task.document_id)
        return any(other.state is TaskState.EXTRACTING for other in others)

    def _requeue(self, tasks: Iterable[QueuedTask]) -> int:
        """Put tasks back, but for those that a newer text of their document made needless."""
        back = 0
        for one in list(tasks):
            versions = self._of_document(one.task.collection, one.task.document_id)
            newer = versions[versions.index(one) + 1 :]
            superseded = any(other.state is not TaskState.CANCELLED for other in newer)
            one.become(TaskState.CANCELLED if superseded else TaskState.QUEUED)
            back += not superseded
        return back
