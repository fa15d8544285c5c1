"""The port to the durable queue: jobs made of one task a document.

A task holds the document until it is in the graph. The state of a task changes in the store's own
transactions (`GraphStore.commit(Change(completed=...))`), so that whatever dies is simply done
again: a task leased by a dead worker falls back to the queue when its lease runs out.

Whatever falls back to the queue while there is a newer task of the same document is cancelled: the
newer text wins.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from kg.records import Document


class TaskState(StrEnum):
    """The way of a document: queued -> extracting -> extracted, or failed, or cancelled.

    A document is `indexed` when, beyond `extracted`, a published snapshot contains its revision.
    """

    QUEUED = "queued"
    EXTRACTING = "extracting"
    EXTRACTED = "extracted"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """One document on its way into the graph."""

    id: str
    job_id: str
    collection: str
    document: Document | None
    """None once the task is done or cancelled: its text is then in the graph, or dropped."""
    document_id: str
    source: str
    state: TaskState = TaskState.QUEUED
    attempts: int = 0
    error: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """Some documents that were handed in together."""

    id: str
    collection: str
    created_at: datetime
    counts: dict[TaskState, int] = field(default_factory=dict)
    """Number of its tasks in each state that occurs."""
    revision: int = 0
    """The collection's revision after the newest of its tasks that is done; 0 before."""

    @property
    def total(self) -> int:
        """Number of documents."""
        return sum(self.counts.values())

    @property
    def open(self) -> int:
        """Number of documents that are still on their way."""
        return self.counts.get(TaskState.QUEUED, 0) + self.counts.get(TaskState.EXTRACTING, 0)


class JobQueue(Protocol):
    """A durable queue of documents. Safe for several threads and processes."""

    def enqueue(self, collection: str, documents: Sequence[Document]) -> Job:
        """Make a job of these documents, in one transaction.

        Tasks of documents of the same ids that wait, or failed, are cancelled: the newer text wins.
        Raises: CollectionNotFound, DocumentUnreadable.
        """
        ...

    def lease(
        self, *, worker: str, limit: int, seconds: float, collection: str | None = None
    ) -> Sequence[Task]:
        """Take up to `limit` tasks, oldest first, for so long: queued ones, and those whose
        lease ran out. Each comes back with `attempts` raised by one.

        A task stays in the queue while another one for the same document is leased, so that an
        older text cannot be committed after a newer one."""
        ...

    def extend(self, task_ids: Sequence[str], *, worker: str, seconds: float) -> None:
        """Hold on to leased tasks for so long from now."""
        ...

    def release(self, task_ids: Sequence[str], *, reason: str = "") -> None:
        """Give leased tasks back unharmed (as when a worker stops): attempts are not counted.
        `reason` is noted as their error, unless it is ''."""
        ...

    def reclaim(self, dead: Callable[[str], bool]) -> int:
        """Put back, before their leases run out, the tasks of workers that are dead; return how
        many. `dead` is asked once for each worker that holds a lease; attempts stay counted."""
        ...

    def fail(self, task_id: str, error: str, *, retry: bool) -> None:
        """Note why a task failed; put it back into the queue, or leave it failed. One that is done
        or cancelled stays so."""
        ...

    def retry_failed(self, job_id: str) -> int:
        """Put a job's failed tasks back into the queue, attempts counted anew; return how many.

        Raises: JobNotFound.
        """
        ...

    def cancel(self, job_id: str) -> Job:
        """Cancel the job's queued tasks; those being worked on are let through.

        Raises: JobNotFound.
        """
        ...

    def withdraw(self, collection: str, document_ids: Sequence[str]) -> int:
        """Cancel the tasks of these documents that are not done, in whatever jobs they are; return
        how many. What is being worked on does not come in: the commit finds its task cancelled."""
        ...

    def job(self, job_id: str) -> Job:
        """Raises: JobNotFound."""
        ...

    def jobs(self, collection: str | None = None, *, limit: int = 100) -> Sequence[Job]:
        """Newest first."""
        ...

    def tasks(
        self, job_id: str, *, state: TaskState | None = None, limit: int = 1000
    ) -> Sequence[Task]:
        """A job's tasks in order of arrival, their documents left out (None).

        Raises: JobNotFound.
        """
        ...

    def waiting(self, collection: str | None = None) -> int:
        """Number of tasks that are queued or being worked on."""
        ...

    def pending(self, collection: str) -> Mapping[str, str]:
        """Document id -> fingerprint of the newest of its tasks that is queued or being worked
        on."""
        ...
