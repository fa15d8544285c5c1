"""The queue as a list of tasks in order of arrival."""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import replace
from datetime import UTC, datetime
from threading import RLock

from kg.absence import no_collection, no_job
from kg.jobs import LONGEST_STEP, OPEN, UNLIMITED, Budget, Job, Progress, Task, TaskState
from kg.memory.content import Content
from kg.memory.task import QueuedTask
from kg.records import Document
from kg.tally import with_tallies
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
        self._worked_at: dict[str, float] = {}
        """Job id -> when there last was progress."""
        self._holders: dict[str, tuple[str, float, int]] = {}
        """Named lease -> (worker, until when, how often it was lost)."""

    def enqueue(
        self,
        collection: str,
        documents: Sequence[Document],
        *,
        priority: int = 0,
        budget: Budget = UNLIMITED,
    ) -> Job:
        check_documents(documents)
        with self._lock:
            self._content(collection)
            now = self._clock()
            job = Job(
                id=f"job-{uuid.uuid4().hex}",
                collection=collection,
                created_at=datetime.fromtimestamp(now, UTC),
                priority=priority,
                budget=budget,
            )
            self._jobs[job.id] = job
            self._worked_at[job.id] = now
            for document in documents:
                self._add(job, document)
            return self.job(job.id)

    def append(
        self, job_id: str, documents: Sequence[Document], *, passages: Mapping[str, int]
    ) -> Job:
        check_documents(documents)
        with self._lock:
            job = self.job(job_id)
            for document in documents:
                if not any(
                    one.state in OPEN for one in self._of_document(job.collection, document.id)
                ):
                    task = self._add(job, document)
                    task.task = replace(task.task, drafted=True)
                    task.passages = passages.get(document.id, 0)
            return self.job(job_id)

    def lease(
        self,
        *,
        worker: str,
        limit: int,
        seconds: float,
        collection: str | None = None,
        drafted: bool | None = None,
    ) -> Sequence[Task]:
        with self._lock:
            now = self._clock()
            self._requeue(one for one in self._in(TaskState.EXTRACTING) if one.until <= now)
            taken: list[Task] = []
            queued = self._in(TaskState.QUEUED)
            for one in sorted(queued, key=_order):
                if len(taken) == limit:
                    break
                if collection not in (None, one.task.collection) or self._is_held(one.task):
                    continue
                if drafted not in (None, one.task.drafted):
                    continue
                one.task = replace(
                    one.task,
                    state=TaskState.EXTRACTING,
                    attempts=one.task.attempts + 1,
                    worker=worker,
                )
                one.until = now + seconds
                taken.append(one.task)
            return taken

    def extend(self, task_ids: Sequence[str], *, worker: str, seconds: float) -> Set[str]:
        with self._lock:
            held = self._held_among(task_ids, worker)
            for one in held:
                one.until = self._clock() + seconds
            return {one.task.id for one in held}

    def leased(self, task_ids: Sequence[str]) -> Sequence[Task]:
        with self._lock:
            wanted = set(task_ids)
            found = [one for one in self._in(TaskState.EXTRACTING) if one.task.id in wanted]
            return [one.task for one in sorted(found, key=_order)]

    def release(self, task_ids: Sequence[str], *, worker: str, reason: str = "") -> None:
        with self._lock:
            leased = self._held_among(task_ids, worker)
            for one in leased:
                error = as_unicode(reason) or one.task.error
                one.task = replace(one.task, attempts=one.task.attempts - 1, error=error)
            self._requeue(leased)

    def reclaim(self, dead: Callable[[str], bool]) -> int:
        with self._lock:
            now = self._clock()
            workers = {one.task.worker for one in self._in(TaskState.EXTRACTING)}
            workers |= {holder for holder, until, _ in self._holders.values() if until > now}
        gone = {worker for worker in workers if dead(worker)}
        with self._lock:
            for name, (holder, until, lost) in self._holders.items():
                if holder in gone:
                    self._holders[name] = (holder, min(until, now), lost)
            return self._requeue(
                one for one in self._in(TaskState.EXTRACTING) if one.task.worker in gone
            )

    def fail(self, task_id: str, error: str, *, worker: str, retry: bool) -> None:
        with self._lock:
            for one in self._held_among([task_id], worker):
                one.task = replace(one.task, error=as_unicode(error))
                if retry:
                    self._requeue([one])
                else:
                    one.become(TaskState.FAILED)

    def note_progress(self, progress: Mapping[str, Progress], *, anew: bool = False) -> None:
        now = self._clock()
        with self._lock:
            known = {id_: self._tasks[id_] for id_ in progress if id_ in self._tasks}
            for id_, one in known.items():
                new = progress[id_]
                if one.state is not TaskState.EXTRACTED:
                    one.passages = new.passages + (0 if anew else one.passages)
                    one.passages_done = new.passages_done + (0 if anew else one.passages_done)
                job = self._jobs[one.task.job_id]
                spent = replace(
                    job.progress,
                    input_tokens=job.progress.input_tokens + new.input_tokens,
                    output_tokens=job.progress.output_tokens + new.output_tokens,
                    cost=job.progress.cost + new.cost,
                )
                self._jobs[job.id] = replace(job, progress=spent)
            for job_id in {one.task.job_id for one in known.values()}:
                job = self._jobs[job_id]
                step = min(max(now - self._worked_at[job_id], 0.0), LONGEST_STEP)
                self._jobs[job_id] = replace(job, worked_seconds=job.worked_seconds + step)
                self._worked_at[job_id] = now

    def retry_failed(self, job_id: str, *, budget: Budget | None = None) -> int:
        with self._lock:
            self.job(job_id)
            if budget is not None:
                self._jobs[job_id] = replace(self._jobs[job_id], budget=budget)
            failed = [one for one in self._in(TaskState.FAILED) if one.task.job_id == job_id]
            for one in failed:
                one.task = replace(one.task, attempts=0)
            return self._requeue(failed)

    def cancel(self, job_id: str) -> Job:
        with self._lock:
            self.job(job_id)
            for one in self._in(*OPEN):
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

    def pending(self, collection: str) -> Mapping[str, str]:
        with self._lock:
            return {
                one.task.document_id: one.fingerprint
                for one in self._in(*OPEN)
                if one.task.collection == collection
            }

    def hold(self, name: str, *, worker: str, seconds: float) -> bool:
        return name in self.take([name], worker=worker, seconds=seconds)

    def take(self, names: Iterable[str], *, worker: str, seconds: float) -> Mapping[str, int]:
        now, taken = self._clock(), {}
        with self._lock:
            for name in names:
                holder, until, lost = self._holders.get(name, ("", 0.0, 0))
                if holder == worker or until <= now:
                    taken[name] = lost + (holder not in ("", worker))
                    self._holders[name] = (worker, now + seconds, taken[name])
        return taken

    def put_back(self, names: Iterable[str], *, worker: str) -> None:
        with self._lock:
            for name in names:
                holder, _, lost = self._holders.get(name, ("", 0.0, 0))
                if holder == worker:
                    self._holders[name] = ("", 0.0, lost)

    def let_go(self, *names: str, worker: str) -> None:
        with self._lock:
            for name in names:
                if name in self._holders and self._holders[name][0] == worker:
                    del self._holders[name]

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


def _order(one: QueuedTask) -> tuple[bool, int]:
    """By which tasks are taken, each of the same order as they came."""
    return one.task.drafted, -one.priority
