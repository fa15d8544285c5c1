"""The queue as a list of tasks in order of arrival."""

import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from threading import RLock

from kg.absence import no_collection, no_job
from kg.jobs import Job, Task, TaskState
from kg.memory.content import Content
from kg.memory.task import OPEN, QueuedTask
from kg.records import Document
from kg.validation import as_unicode, check_documents


class MemoryQueue:
    """See `kg.jobs.JobQueue`. The base of `MemoryStore`, whose commits end tasks."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """An empty queue without collections; `clock` gives seconds since 1970."""
        self._lock = RLock()
        self._clock = clock
        self._contents: dict[str, Content] = {}
        self._jobs: dict[str, Job] = {}
        self._tasks: dict[str, QueuedTask] = {}
        self._versions: dict[tuple[str, str], list[QueuedTask]] = {}
        """(collection, document id) -> its tasks, oldest first."""

    def enqueue(self, collection: str, documents: Sequence[Document]) -> Job:
        check_documents(documents)
        with self._lock:
            self._content(collection)
            created_at = datetime.fromtimestamp(self._clock(), UTC)
            job = Job(id=f"job-{uuid.uuid4().hex}", collection=collection, created_at=created_at)
            self._jobs[job.id] = job
            for document in documents:
                versions = self._versions.setdefault((collection, document.id), [])
                for older in versions:
                    if older.state in (TaskState.QUEUED, TaskState.FAILED):
                        older.become(TaskState.CANCELLED)
                task = Task(
                    id=f"tsk-{uuid.uuid4().hex}",
                    job_id=job.id,
                    collection=collection,
                    document=document,
                    document_id=document.id,
                    source=document.source,
                )
                versions.append(QueuedTask(task, document.fingerprint))
                self._tasks[task.id] = versions[-1]
            return self.job(job.id)

    def lease(
        self, *, worker: str, limit: int, seconds: float, collection: str | None = None
    ) -> Sequence[Task]:
        with self._lock:
            now = self._clock()
            self._requeue(one for one in self._in(TaskState.EXTRACTING) if one.until <= now)
            taken: list[Task] = []
            for one in self._in(TaskState.QUEUED):
                if len(taken) == limit:
                    break
                if collection not in (None, one.task.collection) or self._is_held(one.task):
                    continue
                attempts = one.task.attempts + 1
                one.task = replace(one.task, state=TaskState.EXTRACTING, attempts=attempts)
                one.worker, one.until = worker, now + seconds
                taken.append(one.task)
            return taken

    def extend(self, task_ids: Sequence[str], *, worker: str, seconds: float) -> None:
        with self._lock:
            for one in self._in(TaskState.EXTRACTING):
                if one.task.id in task_ids and one.worker == worker:
                    one.until = self._clock() + seconds

    def release(self, task_ids: Sequence[str], *, reason: str = "") -> None:
        with self._lock:
            leased = [one for one in self._in(TaskState.EXTRACTING) if one.task.id in task_ids]
            for one in leased:
                error = as_unicode(reason) or one.task.error
                one.task = replace(one.task, attempts=one.task.attempts - 1, error=error)
            self._requeue(leased)

    def reclaim(self, dead: Callable[[str], bool]) -> int:
        with self._lock:
            workers = {one.worker for one in self._in(TaskState.EXTRACTING)}
        gone = {worker for worker in workers if dead(worker)}
        with self._lock:
            return self._requeue(
                one for one in self._in(TaskState.EXTRACTING) if one.worker in gone
            )

    def fail(self, task_id: str, error: str, *, retry: bool) -> None:
        with self._lock:
            one = self._tasks.get(task_id)
            if one is None or one.state not in OPEN:
                return
            one.task = replace(one.task, error=as_unicode(error))
            if not retry:
                one.become(TaskState.FAILED)
            elif one.state is TaskState.EXTRACTING:
                self._requeue([one])

    def retry_failed(self, job_id: str) -> int:
        with self._lock:
            self.job(job_id)
            failed = [one for one in self._in(TaskState.FAILED) if one.task.job_id == job_id]
            for one in failed:
                one.task = replace(one.task, attempts=0)
            return self._requeue(failed)

    def cancel(self, job_id: str) -> Job:
        with self._lock:
            self.job(job_id)
            for one in self._in(TaskState.QUEUED):
                if one.task.job_id == job_id:
                    one.become(TaskState.CANCELLED)
            return self.job(job_id)

    def withdraw(self, collection: str, document_ids: Sequence[str]) -> int:
        with self._lock:
            self._content(collection)
            left = [
                one
                for id_ in set(document_ids)
                for one in self._of_document(collection, id_)
                if one.state in (*OPEN, TaskState.FAILED)
            ]
            for one in left:
                one.become(TaskState.CANCELLED)
            return len(left)

    def job(self, job_id: str) -> Job:
        with self._lock:
            if job_id not in self._jobs:
                raise no_job(job_id)
            tasks = [one for one in self._tasks.values() if one.task.job_id == job_id]
            return replace(self._jobs[job_id], counts=dict(Counter(one.state for one in tasks)))

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

    def pending(self, collection: str) -> Mapping[str, str]:
        with self._lock:
            return {
                one.task.document_id: one.fingerprint
                for one in self._in(*OPEN)
                if one.task.collection == collection
            }

    def _complete(self, collection: str, task_ids: Iterable[str], revision: int) -> None:
        for id_ in task_ids:
            one = self._tasks.get(id_)
            if one and one.state in OPEN and one.task.collection == collection:
                one.become(TaskState.EXTRACTED)
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

    def _in(self, *states: TaskState) -> list[QueuedTask]:
        return [one for one in self._tasks.values() if one.state in states]

    def _of_document(self, collection: str, document_id: str) -> list[QueuedTask]:
        return self._versions.get((collection, document_id), [])

    def _content(self, collection: str) -> Content:
        if collection not in self._contents:
            raise no_collection(collection)
        return self._contents[collection]

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
