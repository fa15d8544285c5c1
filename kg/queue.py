"""The ports for the durable queue: jobs, as those who submit documents see them (`JobStore`), and
their tasks, as workers take them (`TaskQueue`).

A task holds the document until it is in the graph. The state of a task changes in the store's own
transactions (`GraphStore.commit(Change(completed=...))`), so that work lost in a crash is done
again: a task leased by a dead worker returns to the queue when its lease expires.

A task that returns to the queue while there is a newer task for the same document is superseded:
the newer text wins. A worker that lost its lease can do no harm: only the holder of a lease may
extend it, release it, or mark the task as failed.

A document may enter the graph twice: first as a draft, with a cheap extraction, and later with the
extraction that its collection is configured for. `Change(drafted=...)` marks the task of a draft.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Protocol

from kg.jobs import UNKNOWN, UNLIMITED, Budget, Job, Prices, Progress, Task, TaskState
from kg.leases import Leases
from kg.records import Document


class JobStore(Protocol):
    """Jobs: submitted, looked at, and ended. Safe for several threads and processes."""

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
        """Create a job of these documents, in one transaction. Higher priorities are leased first.

        Budget and prices are stored with the job; callers of models must respect them. `filler`:
        the worker that will `fill` the job with more documents, or renew its claim, within
        `seconds` from now.

        Queued or failed tasks of documents with the same ids are superseded: the newer text wins.
        Raises: CollectionNotFound, DocumentUnreadable.
        """
        ...

    def fill(
        self, job_id: str, documents: Sequence[Document], *, worker: str, seconds: float
    ) -> bool:
        """Add documents to a job as `enqueue` does, in one transaction; more may follow within
        `seconds` from now (0: these were the last). When that time runs out, the job counts as
        complete. Returns False and adds nothing if `worker` is not its filler, as after the job was
        cancelled.

        Raises: JobNotFound, DocumentUnreadable.
        """
        ...

    def append(
        self, job_id: str, documents: Sequence[Document], *, passages: Mapping[str, int]
    ) -> Job:
        """Add to a job, in one transaction, documents that are in the graph already: their tasks
        have drafts from the start. `passages`: document id -> its number of passages.

        Documents with an open task are skipped: submitted documents go first. Failed tasks of the
        others are cancelled. Raises: JobNotFound, DocumentUnreadable.
        """
        ...

    def retry_failed(
        self, job_id: str, *, budget: Budget | None = None, prices: Prices = UNKNOWN
    ) -> int:
        """Return a job's failed tasks to the queue with attempts reset; return how many. A given
        budget replaces the job's; so do prices, if they are known.

        Raises: JobNotFound.
        """
        ...

    def cancel(self, job_id: str) -> Job:
        """Cancel the job's open tasks and end its filling. Work in progress does not reach the
        graph: its commit finds the task cancelled. Drafts stay in the graph.

        Raises: JobNotFound.
        """
        ...

    def withdraw(self, collection: str, document_ids: Sequence[str]) -> int:
        """Cancel the unfinished tasks of these documents, in all jobs; return how many. Work in
        progress does not reach the graph: its commit finds the task cancelled."""
        ...

    def job(self, job_id: str) -> Job:
        """A job with the sums over its tasks, which may take the longer the more there are. Raises:
        JobNotFound."""
        ...

    def account(self, job_id: str) -> Job:
        """A job without the sums over its tasks, as if it had none: what it may spend, and has
        spent. It takes no longer for a larger job. Raises: JobNotFound."""
        ...

    def jobs(
        self,
        collection: str | None = None,
        *,
        limit: int = 100,
        unfinished_at: int | None = None,
    ) -> Sequence[Job]:
        """Jobs, newest first. `unfinished_at`: only those with open tasks, being filled, or with a
        newer revision than this one (the published revision)."""
        ...

    def tasks(
        self,
        job_id: str,
        *,
        state: TaskState | None = None,
        limit: int = 1000,
        document_ids: Iterable[str] | None = None,
    ) -> Sequence[Task]:
        """A job's tasks in order of arrival, without their documents (None); only of these
        documents, if given (at a cost proportional to their number).

        Raises: JobNotFound.
        """
        ...

    def waits_in(
        self, collection: str, document_ids: Iterable[str] | None = None
    ) -> Mapping[str, int]:
        """Job id -> number of its open tasks, for jobs that have any; counting only these
        documents, if given."""
        ...

    def pending(
        self, collection: str, document_ids: Iterable[str] | None = None
    ) -> Mapping[str, str]:
        """Document id -> fingerprint of its newest open task; only for these documents, if
        given."""
        ...

    def awaits(self, collection: str, beginning: str) -> bool:
        """Whether there is an open task whose document's fingerprint begins so; to be told takes no
        longer for more tasks."""
        ...

    def failed(self, collection: str) -> Mapping[str, str]:
        """Document id -> id of the job in which its task failed."""
        ...

    def prune(
        self, *, seconds: float, collection: str | None = None, keep: Iterable[str] = ()
    ) -> int:
        """Delete jobs without activity for `seconds`, with their tasks, a few thousand at a time,
        except the ids in `keep`; return how many jobs. A job stays while it is being filled, and
        while one of its documents has an open task in any job."""
        ...


class TaskQueue(Protocol):
    """Tasks, leased to workers. Safe for several threads and processes."""

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
        """Lease up to `limit` tasks for `seconds`: queued ones, and those whose lease has expired.
        Each is returned with `attempts` incremented.

        Order: tasks without a draft first, then by higher priority, then older first. `collection`:
        only tasks of this one; `excluded`: none of these. `drafted`: only tasks with a draft
        (True), or only those without (False).

        A task is not leased while another one for the same document is, so that an older text
        cannot be committed after a newer one."""
        ...

    def extend(self, task_ids: Sequence[str], *, worker: str, seconds: float) -> Set[str]:
        """Extend the leases to `seconds` from now; return the ids of the tasks that the worker
        still holds. The others were taken by another worker, cancelled, or are done."""
        ...

    def still_held(self, task_ids: Sequence[str], *, worker: str) -> Set[str]:
        """As `extend` returns, without extending: it waits for nobody who changes tasks."""
        ...

    def leased(self, task_ids: Sequence[str]) -> Sequence[Task]:
        """Those of these tasks that are leased, by any worker, with their documents; in the order
        of `lease`."""
        ...

    def release(self, task_ids: Sequence[str], *, worker: str, reason: str = "") -> None:
        """Return the tasks that the worker holds to the queue (as when it stops), without counting
        the attempt. `reason`, unless '', is stored as their error."""
        ...

    def reclaim(self, dead: Callable[[str], bool]) -> int:
        """Return the tasks of dead workers to the queue before their leases expire; return how
        many. `dead` is called once for each worker that holds a lease or fills a job; attempts stay
        counted. Their named leases expire, and their jobs count as completely filled."""
        ...

    def fail(self, task_id: str, error: str, *, worker: str, retry: bool) -> None:
        """Record why a task that the worker holds failed; return it to the queue if `retry`, else
        mark it failed. No effect on tasks that the worker does not hold (any more)."""
        ...

    def note_progress(self, progress: Mapping[str, Progress], *, anew: bool = False) -> None:
        """Add progress (task id -> increment) to the tasks and their jobs, in one transaction.

        `anew`: replace the passage counts instead of adding, as when work on the tasks starts over;
        tokens and cost are added in any case. The caller need not hold the tasks: money that was
        spent counts. Repeated and late notes are harmless: a task never reports more passages done
        than it has, and a completed one reports all of them.
        """
        ...

    def waiting(self, collection: str | None = None) -> int:
        """Number of open tasks; counting may take the longer the more there are."""
        ...

    def busy(self, collection: str | None = None) -> bool:
        """Whether there is an open task."""
        ...


class JobQueue(JobStore, TaskQueue, Leases, Protocol):
    """All of it, as every store implements it."""
