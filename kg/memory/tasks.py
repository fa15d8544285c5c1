"""The jobs and their tasks, in order of arrival."""

import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import replace
from itertools import islice

from kg.absence import no_job
from kg.jobs import CALLED_OFF, OPEN, Job, Task, TaskState
from kg.memory.leases import MemoryLeases
from kg.memory.task import QueuedTask
from kg.records import Document
from kg.tally import with_tallies


class MemoryTasks(MemoryLeases):
    """What `JobStore` tells of jobs, and what they are kept in. The base of `MemoryQueue`."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """No jobs; `clock` gives seconds since 1970."""
        super().__init__(clock)
        self._jobs: dict[str, Job] = {}
        self._tasks: dict[str, QueuedTask] = {}
        self._versions: dict[tuple[str, str], list[QueuedTask]] = {}
        """(collection, document id) -> its tasks, oldest first."""
        self._worked_at: dict[str, float] = {}
        """Job id -> when there last was progress."""
        self._fillers: dict[str, tuple[str, float]] = {}
        """Job id -> (its filler, when the filler's claim expires)."""

    def job(self, job_id: str) -> Job:
        with self._lock:
            job = self.account(job_id)
            tasks = [one for one in self._tasks.values() if one.task.job_id == job_id]
            return with_tallies(job, [one.tally() for one in tasks])

    def account(self, job_id: str) -> Job:
        with self._lock:
            if job_id not in self._jobs:
                raise no_job(job_id)
            _, until = self._fillers.get(job_id, ("", 0.0))
            return replace(self._jobs[job_id], filling=until > self._clock())

    def jobs(
        self,
        collection: str | None = None,
        *,
        limit: int = 100,
        unfinished_at: int | None = None,
    ) -> Sequence[Job]:
        with self._lock:
            newest_first = reversed(self._jobs.values())
            ids = [job.id for job in newest_first if collection in (None, job.collection)]
            found = (
                job
                for job in map(self.job, ids)
                if unfinished_at is None
                or (job.open or job.filling or job.revision > unfinished_at)
            )
            return list(islice(found, limit))

    def waits_in(
        self, collection: str, document_ids: Iterable[str] | None = None
    ) -> Mapping[str, int]:
        with self._lock:
            chosen = None if document_ids is None else set(document_ids)
            return Counter(
                one.task.job_id
                for one in self._in(*OPEN)
                if one.task.collection == collection
                and (chosen is None or one.task.document_id in chosen)
            )

    def failed(self, collection: str) -> Mapping[str, str]:
        with self._lock:
            return {
                one.task.document_id: one.task.job_id
                for one in self._in(TaskState.FAILED)
                if one.task.collection == collection
            }

    def prune(
        self, *, seconds: float, collection: str | None = None, keep: Iterable[str] = ()
    ) -> int:
        with self._lock:
            before, kept = self._clock() - seconds, set(keep)
            gone = [
                job.id
                for job in map(self.job, self._jobs)
                if self._worked_at[job.id] < before
                and job.id not in kept
                and collection in (None, job.collection)
                and not job.filling
                and not self._is_awaited(job)
            ]
            self._forget(gone)
            return len(gone)

    def tasks(
        self,
        job_id: str,
        *,
        state: TaskState | None = None,
        limit: int = 1000,
        document_ids: Iterable[str] | None = None,
    ) -> Sequence[Task]:
        with self._lock:
            self.job(job_id)
            tasks = [one.task for one in self._tasks.values() if one.task.job_id == job_id]
            if document_ids is not None:
                chosen = set(document_ids)
                tasks = [task for task in tasks if task.document_id in chosen]
            found = [replace(task, document=None) for task in tasks if state in (None, task.state)]
            return found[:limit]

    def waiting(self, collection: str | None = None) -> int:
        with self._lock:
            return sum(collection in (None, one.task.collection) for one in self._in(*OPEN))

    def busy(self, collection: str | None = None) -> bool:
        with self._lock:
            return any(collection in (None, one.task.collection) for one in self._in(*OPEN))

    def awaits(self, collection: str, beginning: str) -> bool:
        with self._lock:
            return any(
                one.task.collection == collection and one.fingerprint.startswith(beginning)
                for one in self._in(*OPEN)
            )

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
                older.become(TaskState.SUPERSEDED)
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
        self._forget([job.id for job in self._jobs.values() if job.collection == collection])

    def _forget(self, job_ids: Sequence[str]) -> None:
        """Be done with jobs and their tasks."""
        for one in [one for one in self._tasks.values() if one.task.job_id in job_ids]:
            del self._tasks[one.task.id]
            versions = self._versions[one.task.collection, one.task.document_id]
            versions.remove(one)
            if not versions:
                del self._versions[one.task.collection, one.task.document_id]
        for id_ in job_ids:
            del self._jobs[id_], self._worked_at[id_]
            self._fillers.pop(id_, None)

    def _all_fillers(self) -> set[str]:
        """The jobs that are still being filled."""
        now = self._clock()
        return {filler for filler, until in self._fillers.values() if until > now}

    def _end_filling(self, workers: Set[str]) -> None:
        """Mark the jobs of these fillers as complete."""
        now = self._clock()
        for job_id, (filler, until) in self._fillers.items():
            if filler in workers:
                self._fillers[job_id] = (filler, min(until, now))

    def _is_awaited(self, job: Job) -> bool:
        """Whether a document of it is on its way, in whatever job."""
        return any(
            other.state in OPEN
            for one in self._tasks.values()
            if one.task.job_id == job.id
            for other in self._of_document(job.collection, one.task.document_id)
        )

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
            superseded = any(other.state not in CALLED_OFF for other in newer)
            one.become(TaskState.SUPERSEDED if superseded else TaskState.QUEUED)
            back += not superseded
        return back
