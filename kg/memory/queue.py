"""The queue: documents are added, leased, and completed, returned or failed."""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import replace
from datetime import UTC, datetime

from kg.absence import no_collection
from kg.jobs import (
    LONGEST_STEP,
    OPEN,
    UNKNOWN,
    UNLIMITED,
    Budget,
    Job,
    Prices,
    Progress,
    Task,
    TaskState,
)
from kg.memory.content import Content
from kg.memory.task import QueuedTask
from kg.memory.tasks import MemoryTasks
from kg.records import Document
from kg.validation import as_unicode, check_documents


class MemoryQueue(MemoryTasks):
    """`JobStore` and `TaskQueue`; see there. The base of `MemoryStore`, whose commits end tasks."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """An empty queue without collections; `clock` gives seconds since 1970."""
        super().__init__(clock)
        self._contents: dict[str, Content] = {}

    def enqueue(
        self,
        collection: str,
        documents: Sequence[Document],
        *,
        priority: int = 0,
        budget: Budget = UNLIMITED,
        prices: Prices = UNKNOWN,
        filler: str = "",
        seconds: float = 0.0,
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
                prices=prices,
            )
            self._jobs[job.id] = job
            self._worked_at[job.id] = now
            self._fillers[job.id] = (filler, now + seconds)
            for document in documents:
                self._add(job, document)
            return self.job(job.id)

    def fill(
        self, job_id: str, documents: Sequence[Document], *, worker: str, seconds: float
    ) -> bool:
        check_documents(documents)
        with self._lock:
            job = self.job(job_id)
            if self._fillers[job_id][0] != worker:
                return False
            self._fillers[job_id] = (worker, self._clock() + seconds)
            for document in documents:
                self._add(job, document)
            return True

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
        excluded: Iterable[str] = (),
        drafted: bool | None = None,
    ) -> Sequence[Task]:
        with self._lock:
            now, left_out = self._clock(), set(excluded)
            self._requeue(one for one in self._in(TaskState.EXTRACTING) if one.until <= now)
            taken: list[Task] = []
            queued = self._in(TaskState.QUEUED)
            for one in sorted(queued, key=_order):
                if len(taken) == limit:
                    break
                if collection not in (None, one.task.collection) or self._is_held(one.task):
                    continue
                if one.task.collection in left_out or drafted not in (None, one.task.drafted):
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

    def still_held(self, task_ids: Sequence[str], *, worker: str) -> Set[str]:
        with self._lock:
            return {one.task.id for one in self._held_among(task_ids, worker)}

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
            workers = {one.task.worker for one in self._in(TaskState.EXTRACTING)}
            workers |= self._all_holders() | self._all_fillers()
        gone = {worker for worker in workers if dead(worker)}
        with self._lock:
            self._end_leases(gone)
            self._end_filling(gone)
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
        with self._lock:
            now = self._clock()
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
                self._worked_at[job_id] = max(now, self._worked_at[job_id])

    def retry_failed(
        self, job_id: str, *, budget: Budget | None = None, prices: Prices = UNKNOWN
    ) -> int:
        with self._lock:
            self.job(job_id)
            if budget is not None:
                self._jobs[job_id] = replace(self._jobs[job_id], budget=budget)
            if prices.known:
                self._jobs[job_id] = replace(self._jobs[job_id], prices=prices)
            failed = [one for one in self._in(TaskState.FAILED) if one.task.job_id == job_id]
            for one in failed:
                one.task = replace(one.task, attempts=0, error="")
            return self._requeue(failed)

    def cancel(self, job_id: str) -> Job:
        with self._lock:
            self.job(job_id)
            self._fillers[job_id] = ("", 0.0)
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

    def _content(self, collection: str) -> Content:
        if collection not in self._contents:
            raise no_collection(collection)
        return self._contents[collection]


def _order(one: QueuedTask) -> tuple[bool, int]:
    """By which tasks are taken, each of the same order as they came."""
    return one.task.drafted, -one.priority
