"""Jobs and tasks as they are read, and forgotten."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from kg.absence import no_job
from kg.codec import document_of
from kg.jobs import Budget, Job, Prices, Progress, Task, TaskState
from kg.records import Document
from kg.sqlite.database import Database
from kg.sqlite.rows import Row, ids_of
from kg.sqlite.session import Session
from kg.tally import Tally, with_tallies

_FORGOTTEN_JOBS, _FORGOTTEN_TASKS = 50, 5000
"""That one transaction takes at most: others wait for it."""


class SQLiteJobs:
    """See `kg.queue.JobQueue`. The base of `SQLiteQueue`."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        """Keep the queue in this database; `clock` gives seconds since 1970."""
        self._database = database
        self._clock = clock

    def job(self, job_id: str) -> Job:
        with self._database.read() as connection:
            return self._job(Session(connection, "queue"), job_id)

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
        with self._database.read() as connection:
            session = Session(connection, "queue")
            if document_ids is None:
                return dict(session.rows("waits_in", collection=collection))
            ids = ids_of(document_ids)
            return dict(session.rows("waits_in_among", collection=collection, ids=ids))

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
        self, job_id: str, *, state: TaskState | None = None, limit: int = 1000
    ) -> Sequence[Task]:
        with self._database.read() as connection:
            session = Session(connection, "queue")
            number_of(session, job_id)
            rows = session.rows("tasks_of_job", id=job_id, state=state, limit=limit)
            return [task_record(row) for row in rows]

    def waiting(self, collection: str | None = None) -> int:
        with self._database.read() as connection:
            return int(Session(connection, "queue").ids("waiting", collection=collection)[0])

    def pending(
        self, collection: str, document_ids: Iterable[str] | None = None
    ) -> Mapping[str, str]:
        with self._database.read() as connection:
            session = Session(connection, "queue")
            if document_ids is None:
                return dict(session.rows("pending", collection=collection))
            ids = ids_of(document_ids)
            return dict(session.rows("pending_among", collection=collection, ids=ids))

    def _job(self, session: Session, job_id: str) -> Job:
        number_of(session, job_id)
        return self._with_counts(session, session.rows("job", id=job_id))[0]

    def _with_counts(self, session: Session, rows: Sequence[Row]) -> list[Job]:
        numbers = ids_of(row[0] for row in rows)
        tallies: dict[int, list[Tally]] = {}
        for job, state, *sums in session.rows("counts_of_jobs", ids=numbers):
            tallies.setdefault(job, []).append(Tally(TaskState(state), *sums))
        now = self._clock()
        return [with_tallies(_job_record(row, now), tallies.get(row[0], [])) for row in rows]


def number_of(session: Session, job_id: str) -> int:
    """A job's number. Raises: JobNotFound."""
    for number, *_ in session.rows("job", id=job_id):
        return int(number)
    raise no_job(job_id)


def _job_record(row: Row, now: float) -> Job:
    """A job from its row, but for what its tasks make."""
    _, id_, collection, created_at, revision, priority, tokens, money, *rest, seconds, until = row
    price_input, price_output, input_tokens, output_tokens, cost = rest
    return Job(
        id=id_,
        collection=collection,
        created_at=datetime.fromtimestamp(created_at, UTC),
        revision=revision,
        priority=priority,
        budget=Budget(tokens=tokens, cost=money),
        prices=Prices(input=price_input, output=price_output),
        progress=Progress(input_tokens=input_tokens, output_tokens=output_tokens, cost=cost),
        worked_seconds=seconds,
        filling=until > now,
    )


def task_record(row: Row) -> Task:
    """A task from its row."""
    id_, job_id, collection, document, document_id, source, state, *rest = row
    attempts, error, worker, drafted = rest
    return Task(
        id=id_,
        job_id=job_id,
        collection=collection,
        document=_document(document),
        document_id=document_id,
        source=source,
        state=TaskState(state),
        attempts=attempts,
        error=error,
        worker=worker,
        drafted=bool(drafted),
    )


def _document(text: str | None) -> Document | None:
    return None if text is None else document_of(json.loads(text))
