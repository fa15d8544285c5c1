"""The port to the durable queue: jobs made of one task a document.

A task holds the document until it is in the graph. The state of a task changes in the store's own
transactions (`GraphStore.commit(Change(completed=...))`), so that whatever dies is simply done
again: a task leased by a dead worker falls back to the queue when its lease runs out.

Whatever falls back to the queue while there is a newer task of the same document is cancelled: the
newer text wins. A worker that lost its lease can disturb nobody: only the holder of a lease may
extend it, give it back, or say that the task failed.

A document may come into the graph twice: as a draft, with an extraction that costs next to nothing,
and later with the one that its collection wants. `Change(drafted=...)` marks the task of a draft.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from kg.leases import Leases
from kg.records import Document

LONGEST_STEP = 60.0
"""Seconds between two notes of progress that count as work, at most; the rest was a pause."""


EVERY_REVISION = (1 << 63) - 1
"""None is newer."""


class TaskState(StrEnum):
    """The way of a document: queued -> extracting -> extracted, or failed, or cancelled.

    A document is `indexed` when, beyond `extracted`, a published snapshot contains its revision.
    """

    QUEUED = "queued"
    EXTRACTING = "extracting"
    EXTRACTED = "extracted"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN = (TaskState.QUEUED, TaskState.EXTRACTING)
"""States of tasks that are still on their way."""


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
    worker: str = ""
    """Who holds its lease; '' if nobody does."""
    drafted: bool = False
    """Whether the document is in the graph already, with an extraction that is to be replaced."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far something is, and what models were paid for it."""

    passages: int = 0
    """Known so far: a document's passages are counted when work on it begins."""
    passages_done: int = 0
    """Of them, those that have the extraction that their collection wants."""
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0
    """Money, in the currency of the prices; 0 if prices are unknown."""

    def __add__(self, other: "Progress") -> "Progress":
        return Progress(
            passages=self.passages + other.passages,
            passages_done=self.passages_done + other.passages_done,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cost=self.cost + other.cost,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """What a job may spend on models; None sets no limit."""

    tokens: int | None = None
    """Input and output tokens together."""
    cost: float | None = None
    """Money, in the currency of the prices."""


UNLIMITED = Budget()


@dataclass(frozen=True, kw_only=True, slots=True)
class Prices:
    """Of a chat model, in any currency, for a million tokens; 0 if unknown."""

    input: float = 0.0
    output: float = 0.0

    @property
    def known(self) -> bool:
        """Whether both are: with one of them nobody can say what an answer costs."""
        return self.input > 0 and self.output > 0

    def cost(self, input_tokens: int, output_tokens: int) -> float:
        """Of so many tokens; 0 unless both prices are known."""
        if not self.known:
            return 0.0
        return (input_tokens * self.input + output_tokens * self.output) / 1e6


UNKNOWN = Prices()


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
    priority: int = 0
    budget: Budget = UNLIMITED
    prices: Prices = UNKNOWN
    """With which it was taken in: whoever works on it reckons with them."""
    drafted: int = 0
    """Number of its open tasks whose documents are in the graph as drafts."""
    progress: Progress = Progress()
    """Of all of its tasks together."""
    worked_seconds: float = 0.0
    """For how long there was progress: from one note of it to the next, pauses cut short."""
    filling: bool = False
    """Whether documents are still being handed in with it: it is not over, even if all of those
    that came are done (see `JobQueue.fill`)."""

    @property
    def total(self) -> int:
        """Number of documents."""
        return sum(self.counts.values())

    @property
    def open(self) -> int:
        """Number of documents that are still on their way."""
        return sum(self.counts.get(state, 0) for state in OPEN)


class JobQueue(Leases, Protocol):
    """A durable queue of documents. Safe for several threads and processes."""

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
        """Make a job of these documents, in one transaction. Higher priorities are taken first.

        Budget and prices are kept with the job; whoever calls models heeds them.
        `filler`: who is going to `fill` it, with more or with word of it for so long from now.

        Tasks of documents of the same ids that wait, or failed, are cancelled: the newer text wins.
        Raises: CollectionNotFound, DocumentUnreadable.
        """
        ...

    def fill(
        self, job_id: str, documents: Sequence[Document], *, worker: str, seconds: float
    ) -> bool:
        """Add documents to a job as `enqueue` does, in one transaction; more may follow for so long
        from now (0: these were the last). A job whose filler is not heard of any more is one that
        has all of its documents. False, and nothing is added, if the worker is not its filler: the
        job was cancelled.

        Raises: JobNotFound, DocumentUnreadable.
        """
        ...

    def append(
        self, job_id: str, documents: Sequence[Document], *, passages: Mapping[str, int]
    ) -> Job:
        """Add to a job, in one transaction, documents that are in the graph already: their tasks
        have drafts from the start, and are taken to have so many passages (document id -> number).

        Those of which a task waits, or is worked on, are left out: what was handed in goes before.
        Tasks of the others that failed are cancelled. Raises: JobNotFound, DocumentUnreadable.
        """
        ...

    def lease(
        self,
        *,
        worker: str,
        limit: int,
        seconds: float,
        collection: str | None = None,
        drafted: bool | None = None,
    ) -> Sequence[Task]:
        """Take up to `limit` tasks for so long: queued ones, and those whose lease ran out. Each
        comes back with `attempts` raised by one.

        What has no draft comes before what has one, then the higher priority, then the older.
        `drafted`: only tasks that have a draft, or only those that have none.

        A task stays in the queue while another one for the same document is leased, so that an
        older text cannot be committed after a newer one."""
        ...

    def extend(self, task_ids: Sequence[str], *, worker: str, seconds: float) -> Set[str]:
        """Hold on to leased tasks for so long from now; return the ids of those that the worker
        holds. The others were taken by somebody else, called off, or are done."""
        ...

    def leased(self, task_ids: Sequence[str]) -> Sequence[Task]:
        """Those of these tasks that are being worked on, whoever holds them, with their documents;
        in the order of `lease`."""
        ...

    def release(self, task_ids: Sequence[str], *, worker: str, reason: str = "") -> None:
        """Give back, unharmed, the tasks that the worker holds (as when it stops): attempts are not
        counted. `reason` is noted as their error, unless it is ''."""
        ...

    def reclaim(self, dead: Callable[[str], bool]) -> int:
        """Put back, before their leases run out, the tasks of workers that are dead; return how
        many. `dead` is asked once for each worker that holds a lease or fills a job; attempts stay
        counted. Named leases of theirs have run out, and their jobs are not filled any more."""
        ...

    def fail(self, task_id: str, error: str, *, worker: str, retry: bool) -> None:
        """Note why a task that the worker holds failed; put it back into the queue, or leave it
        failed. What the worker does not hold (any more) stays as it is."""
        ...

    def note_progress(self, progress: Mapping[str, Progress], *, anew: bool = False) -> None:
        """Add progress (task id -> what is new) to the tasks' and their jobs', in one transaction.

        `anew`: these are all of the tasks' passages, as when work on them begins again; tokens and
        cost are added all the same. Whoever holds the tasks: what was paid for was paid for.
        A passage may be noted twice, and a note may come late: no task tells of more passages done
        than it has, and one that is done of all of them, for good.
        """
        ...

    def retry_failed(
        self, job_id: str, *, budget: Budget | None = None, prices: Prices = UNKNOWN
    ) -> int:
        """Put a job's failed tasks back into the queue, attempts counted anew; return how many.
        A budget takes the place of the job's; so do prices, if they are known.

        Raises: JobNotFound.
        """
        ...

    def cancel(self, job_id: str) -> Job:
        """Cancel the job's tasks that are not done or failed; nobody fills it any more. What is
        being worked on does not come in: the commit finds its task cancelled. Drafts stay as they
        are.

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

    def jobs(
        self,
        collection: str | None = None,
        *,
        limit: int = 100,
        unfinished_at: int | None = None,
    ) -> Sequence[Job]:
        """Newest first. `unfinished_at`: only those that have open tasks, are being filled, or are
        of a newer revision than this (that of what questions see)."""
        ...

    def waits_in(
        self, collection: str, document_ids: Iterable[str] | None = None
    ) -> Mapping[str, int]:
        """Job id -> number of its tasks that are queued or being worked on, where there are such;
        of these documents only, if they are given."""
        ...

    def failed(self, collection: str) -> Mapping[str, str]:
        """Document id -> id of the job in which its task failed."""
        ...

    def prune(
        self, *, seconds: float, collection: str | None = None, keep: Iterable[str] = ()
    ) -> int:
        """Forget the jobs, but for those to `keep` (ids), in which nothing has happened for so
        long, with their tasks, a few thousand at a time; return how many jobs. One stays that is
        being filled, and while a document of it is on its way, also in another job."""
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

    def pending(
        self, collection: str, document_ids: Iterable[str] | None = None
    ) -> Mapping[str, str]:
        """Document id -> fingerprint of the newest of its tasks that is queued or being worked on;
        of these documents only, if they are given."""
        ...
