"""Jobs in the store's database: submitted, looked at, and forgotten."""

import sys
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from kg.jobs import UNKNOWN, UNLIMITED, Budget, Job, Prices, Task, TaskState
from kg.records import Document
from kg.sqlite.database import Database
from kg.sqlite.rows import Row, ids_of
from kg.sqlite.session import Session, find_collection
from kg.sqlite.tasks import add_task, job_record, number_of, requeue, task_record
from kg.tally import Tally, with_tallies
from kg.validation import check_documents

_FORGOTTEN_JOBS, _FORGOTTEN_TASKS = 50, 5000
"""That one transaction takes at most: others wait for it."""


class SQLiteJobs:
    """`JobStore` over one file; see there. The base of `SQLiteQueue`."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        """Keep the queue in this database; `clock` gives seconds since 1970."""
        self._database = database
        self._clock = clock

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
        job_id = f"job-{uuid.uuid4().hex}"
        with self._database.write() as connection:
            now = self._clock()
            key, _ = find_collection(connection, collection)
            session = Session(connection, "queue", key)
            (job,) = session.ids(
                "insert_job",
                id=job_id,
                created_at=now,
                priority=priority,
                budget_tokens=budget.tokens,
                budget_cost=budget.cost,
                price_input=prices.input,
                price_output=prices.output,
                filler=filler,
                filled_until=now + seconds,
            )
            for document in documents:
                add_task(session, document, job=job, priority=priority, drafted=0, passages=0)
            return self._job(session, job_id)

    def fill(
        self, job_id: str, documents: Sequence[Document], *, worker: str, seconds: float
    ) -> bool:
        check_documents(documents)
        with self._database.write() as connection:
            session, until = Session(connection, "queue"), self._clock() + seconds
            job = number_of(session, job_id)
            for key, priority in session.rows("go_on_filling", job=job, worker=worker, until=until):
                session = Session(connection, "queue", key)
                for document in documents:
                    add_task(session, document, job=job, priority=priority, drafted=0, passages=0)
                return True
        return False

    def append(
        self, job_id: str, documents: Sequence[Document], *, passages: Mapping[str, int]
    ) -> Job:
        check_documents(documents)
        with self._database.write() as connection:
            job = self._job(Session(connection, "queue"), job_id)
            key, _ = find_collection(connection, job.collection)
            session = Session(connection, "queue", key)
            number = number_of(session, job_id)
            for document in documents:
                if not session.ids("open_of_document", document_id=document.id):
                    add_task(
                        session,
                        document,
                        job=number,
                        priority=job.priority,
                        drafted=1,
                        passages=passages.get(document.id, 0),
                    )
            return self._job(session, job_id)

    def retry_failed(
        self, job_id: str, *, budget: Budget | None = None, prices: Prices = UNKNOWN
    ) -> int:
        with self._database.write() as connection:
            session = Session(connection, "queue")
            number = number_of(session, job_id)
            if budget is not None:
                session.rows("set_budget", job=number, tokens=budget.tokens, cost=budget.cost)
            if prices.known:
                session.rows("set_prices", job=number, input=prices.input, output=prices.output)
            failed = session.ids("failed_of_job", job=number)
            session.rows("reset_attempts", ids=ids_of(failed))
            return requeue(session, failed)

    def cancel(self, job_id: str) -> Job:
        with self._database.write() as connection:
            session = Session(connection, "queue")
            number = number_of(session, job_id)
            session.rows("stop_filling", job=number)
            session.rows("cancel_job", job=number)
            return self._job(session, job_id)

    def withdraw(self, collection: str, document_ids: Sequence[str]) -> int:
        with self._database.write() as connection:
            key, _ = find_collection(connection, collection)
            session = Session(connection, "queue", key)
            return len(session.rows("withdraw", ids=ids_of(document_ids)))

    def job(self, job_id: str) -> Job:
        with self._database.read() as connection:
            return self._job(Session(connection, "queue"), job_id)

    def account(self, job_id: str) -> Job:
        with self._database.read() as connection:
            session = Session(connection, "queue")
            number_of(session, job_id)
            (row,) = session.rows("job", id=job_id)
        return job_record(row, self._clock())

    def jobs(
        self,
        collection: str | None = None,
        *,
        limit: int = 100,
        unfinished_at: int | None = None,
    ) -> Sequence[Job]:
        with self._database.read() as connection:
            session = Session(connection, "queue")
            rows = session.rows(
                "jobs",
                collection=collection,
                limit=limit,
                unfinished_at=unfinished_at,
                now=self._clock(),
            )
            return self._with_counts(session, rows)

    def waits_in(
        self, collection: str, document_ids: Iterable[str] | None = None
    ) -> Mapping[str, int]:
        return self._pairs("waits_in", "waits_in_among", collection, document_ids)

    def failed(self, collection: str) -> Mapping[str, str]:
        with self._database.read() as connection:
            return dict(Session(connection, "queue").rows("failed", collection=collection))

    def prune(
        self, *, seconds: float, collection: str | None = None, keep: Iterable[str] = ()
    ) -> int:
        before, kept, gone = self._clock() - seconds, ids_of(keep), 0
        while True:
            with self._database.write() as connection:
                session = Session(connection, "queue")
                idle = session.ids(
                    "idle_jobs",
                    before=before,
                    now=self._clock(),
                    collection=collection,
                    keep=kept,
                    limit=_FORGOTTEN_JOBS,
                )
                left = _FORGOTTEN_TASKS
                for number in idle:
                    left -= len(session.rows("delete_tasks", job=number, limit=left))
                    if left == 0:  # the job may have more
                        break
                    session.rows("delete_job", job=number)
                    gone += 1
            if not idle:
                return gone

    def tasks(
        self,
        job_id: str,
        *,
        state: TaskState | None = None,
        limit: int = 1000,
        document_ids: Iterable[str] | None = None,
    ) -> Sequence[Task]:
        with self._database.read() as connection:
            session = Session(connection, "queue")
            number_of(session, job_id)
            asked = {"id": job_id, "state": state, "limit": limit}
            if document_ids is None:
                rows = session.rows("tasks_of_job", **asked)
            else:
                rows = session.rows("tasks_among", ids=ids_of(document_ids), **asked)
            return [task_record(row) for row in rows]

    def awaits(self, collection: str, beginning: str) -> bool:
        end = beginning + chr(sys.maxunicode)
        with self._database.read() as connection:
            asked = {"collection": collection, "beginning": beginning, "end": end}
            return bool(Session(connection, "queue").ids("awaits", **asked))

    def pending(
        self, collection: str, document_ids: Iterable[str] | None = None
    ) -> Mapping[str, str]:
        return self._pairs("pending", "pending_among", collection, document_ids)

    def _pairs(
        self, of_all: str, among: str, collection: str, document_ids: Iterable[str] | None
    ) -> Mapping[str, Any]:
        """What one of two queries finds: of all documents, or among these."""
        with self._database.read() as connection:
            session = Session(connection, "queue")
            if document_ids is None:
                return dict(session.rows(of_all, collection=collection))
            ids = ids_of(document_ids)
            return dict(session.rows(among, collection=collection, ids=ids))

    def _job(self, session: Session, job_id: str) -> Job:
        number_of(session, job_id)
        return self._with_counts(session, session.rows("job", id=job_id))[0]

    def _with_counts(self, session: Session, rows: Sequence[Row]) -> list[Job]:
        numbers = ids_of(row[0] for row in rows)
        tallies: dict[int, list[Tally]] = {}
        for job, state, *sums in session.rows("counts_of_jobs", ids=numbers):
            tallies.setdefault(job, []).append(Tally(TaskState(state), *sums))
        now = self._clock()
        return [with_tallies(job_record(row, now), tallies.get(row[0], [])) for row in rows]
