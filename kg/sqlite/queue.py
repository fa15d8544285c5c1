"""The durable queue in the store's database."""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import asdict

from kg.codec import document_fields, dumps
from kg.jobs import (
    LONGEST_STEP,
    UNKNOWN,
    UNLIMITED,
    Budget,
    Job,
    Prices,
    Progress,
    Task,
)
from kg.records import Document, Extraction
from kg.sqlite.jobs import SQLiteJobs, number_of, task_record
from kg.sqlite.rows import extraction_record, extraction_row, ids_of
from kg.sqlite.session import Session, find_collection
from kg.validation import as_unicode, check_documents, check_extractions


class SQLiteQueue(SQLiteJobs):
    """`JobQueue` over one file; see there. The base of `SQLiteStore`, whose commits end tasks."""

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
        job_id, now = f"job-{uuid.uuid4().hex}", self._clock()
        with self._database.write() as connection:
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
                _add(session, document, job=job, priority=priority, drafted=0, passages=0)
            return self._job(session, job_id)

    def fill(
        self, job_id: str, documents: Sequence[Document], *, worker: str, seconds: float
    ) -> bool:
        check_documents(documents)
        until = self._clock() + seconds
        with self._database.write() as connection:
            session = Session(connection, "queue")
            job = number_of(session, job_id)
            for key, priority in session.rows("go_on_filling", job=job, worker=worker, until=until):
                session = Session(connection, "queue", key)
                for document in documents:
                    _add(session, document, job=job, priority=priority, drafted=0, passages=0)
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
                    _add(
                        session,
                        document,
                        job=number,
                        priority=job.priority,
                        drafted=1,
                        passages=passages.get(document.id, 0),
                    )
            return self._job(session, job_id)

    def lease(
        self,
        *,
        worker: str,
        limit: int,
        seconds: float,
        collection: str | None = None,
        drafted: bool | None = None,
    ) -> Sequence[Task]:
        now = self._clock()
        least, most = (0, 1) if drafted is None else (int(drafted), int(drafted))
        with self._database.write() as connection:
            session = Session(connection, "queue")
            _requeue(session, session.ids("expired", now=now))
            found = session.ids(
                "next_tasks", collection=collection, limit=limit, least=least, most=most
            )
            ids = ids_of(found)
            session.rows("lease", ids=ids, worker=worker, until=now + seconds)
            return [task_record(row) for row in session.rows("leased_tasks", ids=ids)]

    def extend(self, task_ids: Sequence[str], *, worker: str, seconds: float) -> Set[str]:
        with self._database.write() as connection:
            until = self._clock() + seconds
            session = Session(connection, "queue")
            return set(session.ids("extend", ids=ids_of(task_ids), worker=worker, until=until))

    def leased(self, task_ids: Sequence[str]) -> Sequence[Task]:
        with self._database.read() as connection:
            rows = Session(connection, "queue").rows("leased_tasks", ids=ids_of(task_ids))
            return [task_record(row) for row in rows]

    def release(self, task_ids: Sequence[str], *, worker: str, reason: str = "") -> None:
        with self._database.write() as connection:
            session = Session(connection, "queue")
            held = session.ids("held_among", ids=ids_of(task_ids), worker=worker)
            session.rows("uncount_attempt", ids=ids_of(held))
            if reason:
                session.rows("note_error", ids=ids_of(held), error=as_unicode(reason))
            _requeue(session, held)

    def reclaim(self, dead: Callable[[str], bool]) -> int:
        now = self._clock()
        with self._database.read() as connection:
            workers = Session(connection, "queue").ids("workers", now=now)
        gone = [worker for worker in workers if dead(worker)]
        if not gone:
            return 0
        with self._database.write() as connection:
            session = Session(connection, "queue")
            session.rows("end_leases", workers=ids_of(gone), now=now)
            session.rows("end_filling", workers=ids_of(gone), now=now)
            return _requeue(session, session.ids("leased_by", workers=ids_of(gone)))

    def fail(self, task_id: str, error: str, *, worker: str, retry: bool) -> None:
        with self._database.write() as connection:
            session = Session(connection, "queue")
            held = session.ids("held_among", ids=ids_of([task_id]), worker=worker)
            session.rows("note_error", ids=ids_of(held), error=as_unicode(error))
            if retry:
                _requeue(session, held)
            else:
                session.rows("fail", ids=ids_of(held))

    def note_progress(self, progress: Mapping[str, Progress], *, anew: bool = False) -> None:
        with self._database.write() as connection:
            _note(Session(connection, "queue"), progress, self._clock(), anew=anew)

    def swap_extraction(
        self,
        collection: str,
        extraction: Extraction,
        *,
        instead_of: Extraction | None,
        progress: Mapping[str, Progress],
    ) -> bool:
        check_extractions([extraction])
        ids = ids_of([extraction.passage_id])
        with self._database.write() as connection:
            key, _ = find_collection(connection, collection)
            session = Session(connection, "derived", key)
            found = session.rows("saved_extractions", extractor=extraction.extractor, ids=ids)
            if next(map(extraction_record, found), None) != instead_of:
                return False
            session.many("save_extraction", [extraction_row(extraction)])
            _note(Session(connection, "queue"), progress, self._clock())
            return True

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
            return _requeue(session, failed)

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

    def hold(self, name: str, *, worker: str, seconds: float) -> bool:
        return name in self.take([name], worker=worker, seconds=seconds)

    def take(self, names: Iterable[str], *, worker: str, seconds: float) -> Mapping[str, int]:
        now, ids = self._clock(), ids_of(names)
        with self._database.write() as connection:
            session = Session(connection, "queue")
            return dict(session.rows("take", ids=ids, worker=worker, now=now, until=now + seconds))

    def put_back(self, names: Iterable[str], *, worker: str) -> None:
        with self._database.write() as connection:
            Session(connection, "queue").rows("put_back", ids=ids_of(names), worker=worker)

    def let_go(self, *names: str, worker: str) -> None:
        with self._database.write() as connection:
            Session(connection, "queue").rows("let_go", ids=ids_of(names), worker=worker)


def _note(
    session: Session, progress: Mapping[str, Progress], now: float, *, anew: bool = False
) -> None:
    rows = [{"id": id_, **asdict(new)} for id_, new in progress.items()]
    session.many("set_passages" if anew else "add_passages", rows)
    session.many("add_spent", rows)
    session.rows("note_work", ids=ids_of(progress), now=now, longest_step=LONGEST_STEP)


def _add(session: Session, document: Document, **properties: int) -> None:
    """Queue a document instead of its older texts that wait, or failed."""
    session.rows("supersede", document_id=document.id)
    session.rows(
        "insert_task",
        id=f"tsk-{uuid.uuid4().hex}",
        document_id=document.id,
        source=document.source,
        fingerprint=document.fingerprint,
        document=dumps(document_fields(document)),
        **properties,
    )


def _requeue(session: Session, task_ids: list[str]) -> int:
    """Put tasks back, but for those that a newer text of their document made needless; return how
    many are in the queue again."""
    ids = ids_of(task_ids)
    session.rows("requeue", ids=ids)
    return len(task_ids) - len(session.rows("cancel_superseded", ids=ids))
