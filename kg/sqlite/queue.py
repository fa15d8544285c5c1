"""The durable queue in the store's database."""

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from kg.absence import no_job
from kg.codec import document_fields, document_of, dumps
from kg.jobs import Job, Task, TaskState
from kg.records import Document
from kg.sqlite.database import Database
from kg.sqlite.rows import Row, ids_of
from kg.sqlite.session import Session, find_collection
from kg.validation import as_unicode, check_documents


class SQLiteQueue:
    """`JobQueue` over one file; see there. The base of `SQLiteStore`, whose commits end tasks."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        """Keep the queue in this database; `clock` gives seconds since 1970."""
        self._database = database
        self._clock = clock

    def enqueue(self, collection: str, documents: Sequence[Document]) -> Job:
        check_documents(documents)
        job_id = f"job-{uuid.uuid4().hex}"
        with self._database.write() as connection:
            key, _ = find_collection(connection, collection)
            session = Session(connection, "queue", key)
            (job,) = session.ids("insert_job", id=job_id, created_at=self._clock())
            for document in documents:
                session.rows("supersede", document_id=document.id)
                session.rows(
                    "insert_task",
                    id=f"tsk-{uuid.uuid4().hex}",
                    job=job,
                    document_id=document.id,
                    source=document.source,
                    fingerprint=document.fingerprint,
                    document=dumps(document_fields(document)),
                )
            return _job(session, job_id)

    def lease(
        self, *, worker: str, limit: int, seconds: float, collection: str | None = None
    ) -> Sequence[Task]:
        now = self._clock()
        with self._database.write() as connection:
            session = Session(connection, "queue")
            _requeue(session, session.ids("expired", now=now))
            ids = ids_of(session.ids("next_tasks", collection=collection, limit=limit))
            session.rows("lease", ids=ids, worker=worker, until=now + seconds)
            return [_task(row) for row in session.rows("leased_tasks", ids=ids)]

    def extend(self, task_ids: Sequence[str], *, worker: str, seconds: float) -> None:
        with self._database.write() as connection:
            until = self._clock() + seconds
            session = Session(connection, "queue")
            session.rows("extend", ids=ids_of(task_ids), worker=worker, until=until)

    def release(self, task_ids: Sequence[str], *, reason: str = "") -> None:
        with self._database.write() as connection:
            session = Session(connection, "queue")
            leased = session.ids("leased_among", ids=ids_of(task_ids))
            session.rows("uncount_attempt", ids=ids_of(leased))
            for task_id in task_ids if reason else ():
                session.rows("note_error", id=task_id, error=as_unicode(reason))
            _requeue(session, leased)

    def reclaim(self, dead: Callable[[str], bool]) -> int:
        with self._database.read() as connection:
            workers = Session(connection, "queue").ids("workers")
        gone = [worker for worker in workers if dead(worker)]
        if not gone:
            return 0
        with self._database.write() as connection:
            session = Session(connection, "queue")
            return _requeue(session, session.ids("leased_by", workers=ids_of(gone)))

    def fail(self, task_id: str, error: str, *, retry: bool) -> None:
        with self._database.write() as connection:
            session = Session(connection, "queue")
            session.rows("note_error", id=task_id, error=as_unicode(error))
            if retry:
                _requeue(session, session.ids("leased_among", ids=ids_of([task_id])))
            else:
                session.rows("fail", id=task_id)

    def retry_failed(self, job_id: str) -> int:
        with self._database.write() as connection:
            session = Session(connection, "queue")
            failed = session.ids("failed_of_job", job=_number(session, job_id))
            session.rows("reset_attempts", ids=ids_of(failed))
            return _requeue(session, failed)

    def cancel(self, job_id: str) -> Job:
        with self._database.write() as connection:
            session = Session(connection, "queue")
            session.rows("cancel_job", job=_number(session, job_id))
            return _job(session, job_id)

    def withdraw(self, collection: str, document_ids: Sequence[str]) -> int:
        with self._database.write() as connection:
            key, _ = find_collection(connection, collection)
            session = Session(connection, "queue", key)
            return len(session.rows("withdraw", ids=ids_of(document_ids)))

    def job(self, job_id: str) -> Job:
        with self._database.read() as connection:
            return _job(Session(connection, "queue"), job_id)

    def jobs(self, collection: str | None = None, *, limit: int = 100) -> Sequence[Job]:
        with self._database.read() as connection:
            session = Session(connection, "queue")
            return _with_counts(session, session.rows("jobs", collection=collection, limit=limit))

    def tasks(
        self, job_id: str, *, state: TaskState | None = None, limit: int = 1000
    ) -> Sequence[Task]:
        with self._database.read() as connection:
            session = Session(connection, "queue")
            _number(session, job_id)
            rows = session.rows("tasks_of_job", id=job_id, state=state, limit=limit)
            return [_task(row) for row in rows]

    def waiting(self, collection: str | None = None) -> int:
        with self._database.read() as connection:
            return int(Session(connection, "queue").ids("waiting", collection=collection)[0])

    def pending(self, collection: str) -> Mapping[str, str]:
        with self._database.read() as connection:
            rows = Session(connection, "queue").rows("pending", collection=collection)
            return dict(rows)


def _requeue(session: Session, task_ids: list[str]) -> int:
    """Put tasks back, but for those that a newer text of their document made needless; return how
    many are in the queue again."""
    ids = ids_of(task_ids)
    session.rows("requeue", ids=ids)
    return len(task_ids) - len(session.rows("cancel_superseded", ids=ids))


def _number(session: Session, job_id: str) -> int:
    for number, *_ in session.rows("job", id=job_id):
        return int(number)
    raise no_job(job_id)


def _job(session: Session, job_id: str) -> Job:
    _number(session, job_id)
    return _with_counts(session, session.rows("job", id=job_id))[0]


def _with_counts(session: Session, rows: Sequence[Row]) -> list[Job]:
    counts: dict[int, dict[TaskState, int]] = {number: {} for number, *_ in rows}
    for number, state, count in session.rows("counts_of_jobs", ids=ids_of(counts)):
        counts[number][TaskState(state)] = count
    return [
        Job(
            id=id_,
            collection=collection,
            created_at=datetime.fromtimestamp(created_at, UTC),
            counts=counts[number],
            revision=revision,
        )
        for number, id_, collection, created_at, revision in rows
    ]


def _task(row: Row) -> Task:
    id_, job_id, collection, document, document_id, source, state, attempts, error = row
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
    )


def _document(text: str | None) -> Document | None:
    return None if text is None else document_of(json.loads(text))
