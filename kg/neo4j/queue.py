"""The durable queue in the store's database.

Whatever changes tasks holds the lock of all (see this package's docstring), for a moment.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import asdict

from kg.absence import no_job
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
    TaskState,
)
from kg.neo4j.database import Database
from kg.neo4j.rows import extraction_properties, extraction_record
from kg.neo4j.tasks import job_properties, job_record, task_properties, task_record
from kg.neo4j.work import Work
from kg.records import Document, Extraction
from kg.tally import Tally, with_tallies
from kg.validation import as_unicode, check_documents, check_extractions


class Neo4jQueue:
    """`JobQueue` over one database; see there. The base of `Neo4jStore`, whose commits end
    tasks."""

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
    ) -> Job:
        check_documents(documents)
        now = self._clock()
        job_id = f"job-{uuid.uuid4().hex}"
        newest = {document.id: number for number, document in enumerate(documents)}
        texts = [dumps(document_fields(document)) for document in documents]

        def action(work: Work) -> Job:
            work = _alone(work, collection)
            work.find(collection)
            first = work.value("take_numbers", count=len(documents) + 1) - len(documents)
            properties = job_properties(job_id, first, now, priority, budget, prices)
            work.run("insert_job", job=properties)
            work.each("supersede", newest)
            work.many(
                "insert_task",
                (
                    task_properties(
                        document,
                        text if newest[document.id] == number else None,
                        job_id=job_id,
                        number=first + number,
                        priority=priority,
                    )
                    for number, (document, text) in enumerate(zip(documents, texts, strict=True))
                ),
            )
            return _job(work, job_id)

        return self._database.write(action)

    def append(
        self, job_id: str, documents: Sequence[Document], *, passages: Mapping[str, int]
    ) -> Job:
        check_documents(documents)
        wanted: dict[str, Document] = {}
        for document in documents:
            wanted.setdefault(document.id, document)

        def action(work: Work) -> Job:
            work = _alone(work)
            job = _job(work, job_id)
            work = work.of("queue", job.collection)
            left_out = set(work.ids("open_among", wanted))
            new = [one for one in wanted.values() if one.id not in left_out]
            first = work.value("take_numbers", count=len(new)) - len(new)
            work.each("supersede", [document.id for document in new])
            work.many(
                "insert_task",
                (
                    task_properties(
                        document,
                        dumps(document_fields(document)),
                        job_id=job_id,
                        number=first + place,
                        priority=job.priority,
                        drafted=True,
                        passages=passages.get(document.id, 0),
                    )
                    for place, document in enumerate(new, 1)
                ),
            )
            return _job(work, job_id)

        return self._database.write(action)

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

        def action(work: Work) -> Sequence[Task]:
            work = _alone(work)
            _requeue(work, [id_ for (id_,) in work.rows("expired", now=now)])
            found = work.rows("next_tasks", of=collection, limit=limit, least=least, most=most)
            ids = [id_ for (id_,) in found]
            work.each("lease", ids, worker=worker, until=now + seconds)
            return [task_record(row) for (row,) in work.each("leased_tasks", ids)]

        return self._database.write(action)

    def extend(self, task_ids: Sequence[str], *, worker: str, seconds: float) -> Set[str]:
        until = self._clock() + seconds
        return self._database.write(
            lambda work: set(_alone(work).ids("extend", task_ids, worker=worker, until=until))
        )

    def leased(self, task_ids: Sequence[str]) -> Sequence[Task]:
        return self._database.read(
            lambda work: [
                task_record(row) for (row,) in work.of("queue").each("leased_tasks", task_ids)
            ]
        )

    def release(self, task_ids: Sequence[str], *, worker: str, reason: str = "") -> None:
        def action(work: Work) -> None:
            work = _alone(work)
            held = work.ids("held_among", task_ids, worker=worker)
            work.each("uncount_attempt", held)
            if reason:
                work.each("note_error", held, error=as_unicode(reason))
            _requeue(work, held)

        self._database.write(action)

    def reclaim(self, dead: Callable[[str], bool]) -> int:
        now = self._clock()
        workers = self._database.read(lambda work: work.of("queue").rows("workers", now=now))
        gone = [worker for (worker,) in workers if dead(worker)]
        if not gone:
            return 0

        def action(work: Work) -> int:
            work = _alone(work)
            work.run("end_leases", workers=gone, now=now)
            return _requeue(work, [id_ for (id_,) in work.rows("leased_by", workers=gone)])

        return self._database.write(action)

    def fail(self, task_id: str, error: str, *, worker: str, retry: bool) -> None:
        def action(work: Work) -> None:
            work = _alone(work)
            held = work.ids("held_among", [task_id], worker=worker)
            work.each("note_error", held, error=as_unicode(error))
            if retry:
                _requeue(work, held)
            else:
                work.each("fail", held)

        self._database.write(action)

    def note_progress(self, progress: Mapping[str, Progress], *, anew: bool = False) -> None:
        now = self._clock()
        self._database.write(lambda work: _note(_alone(work), progress, now, anew=anew))

    def swap_extraction(
        self,
        collection: str,
        extraction: Extraction,
        *,
        instead_of: Extraction | None,
        progress: Mapping[str, Progress],
    ) -> bool:
        check_extractions([extraction])
        key, now = [extraction.passage_id], self._clock()

        def action(work: Work) -> bool:
            work.lock(collection)
            saved = work.of("derived", collection)
            rows = saved.each("saved_extractions", key, extractor=extraction.extractor)
            if next((extraction_record(row) for (row,) in rows), None) != instead_of:
                return False
            saved.many("save_extraction", [extraction_properties(extraction)])
            if progress:
                _note(_alone(work), progress, now)
            return True

        return self._database.write(action)

    def retry_failed(
        self, job_id: str, *, budget: Budget | None = None, prices: Prices = UNKNOWN
    ) -> int:
        def action(work: Work) -> int:
            work = _alone(work)
            _found(work, job_id)
            if budget is not None:
                work.run("set_budget", job_id=job_id, tokens=budget.tokens, cost=budget.cost)
            if prices.known:
                work.run("set_prices", job_id=job_id, input=prices.input, output=prices.output)
            failed = [id_ for (id_,) in work.rows("failed_of_job", job_id=job_id)]
            work.each("reset_attempts", failed)
            return _requeue(work, failed)

        return self._database.write(action)

    def cancel(self, job_id: str) -> Job:
        def action(work: Work) -> Job:
            work = _alone(work)
            _found(work, job_id)
            work.run("cancel_job", job_id=job_id)
            return _job(work, job_id)

        return self._database.write(action)

    def withdraw(self, collection: str, document_ids: Sequence[str]) -> int:
        def action(work: Work) -> int:
            work = _alone(work, collection)
            work.find(collection)
            return len(work.each("withdraw", sorted(set(document_ids))))

        return self._database.write(action)

    def job(self, job_id: str) -> Job:
        return self._database.read(lambda work: _job(work.of("queue"), job_id))

    def jobs(self, collection: str | None = None, *, limit: int = 100) -> Sequence[Job]:
        return self._database.read(
            lambda work: _with_counts(
                work.of("queue"), work.of("queue").rows("jobs", of=collection, limit=limit)
            )
        )

    def tasks(
        self, job_id: str, *, state: TaskState | None = None, limit: int = 1000
    ) -> Sequence[Task]:
        def action(work: Work) -> Sequence[Task]:
            work = work.of("queue")
            _found(work, job_id)
            rows = work.rows("tasks_of_job", job_id=job_id, state=state, limit=limit)
            return [task_record(row) for (row,) in rows]

        return self._database.read(action)

    def waiting(self, collection: str | None = None) -> int:
        return self._database.read(
            lambda work: int(work.of("queue").value("waiting", of=collection))
        )

    def pending(
        self, collection: str, document_ids: Iterable[str] | None = None
    ) -> Mapping[str, str]:
        ids = None if document_ids is None else list(document_ids)

        def action(work: Work) -> Mapping[str, str]:
            work = work.of("queue")
            if ids is None:
                return dict(work.rows("pending", of=collection))
            return dict(work.each("pending_among", ids, of=collection))

        return self._database.read(action)

    def hold(self, name: str, *, worker: str, seconds: float) -> bool:
        return name in self.take([name], worker=worker, seconds=seconds)

    def take(self, names: Iterable[str], *, worker: str, seconds: float) -> Mapping[str, int]:
        now, ids = self._clock(), list(names)

        def action(work: Work) -> Mapping[str, int]:
            rows = _alone(work).rows("take", ids=ids, worker=worker, now=now, until=now + seconds)
            return {name: int(lost) for name, lost in rows}

        return self._database.write(action)

    def put_back(self, names: Iterable[str], *, worker: str) -> None:
        ids = list(names)
        self._database.write(lambda work: _alone(work).run("put_back", ids=ids, worker=worker))

    def let_go(self, *names: str, worker: str) -> None:
        ids = list(names)
        self._database.write(lambda work: _alone(work).run("let_go", ids=ids, worker=worker))


def _alone(work: Work, collection: str | None = None) -> Work:
    """The queue's queries, in a transaction that alone changes tasks."""
    work.lock_all()
    return work.of("queue", collection)


def _note(work: Work, progress: Mapping[str, Progress], now: float, *, anew: bool = False) -> None:
    rows = [{"id": id_, **asdict(new)} for id_, new in progress.items()]
    work.many("set_passages" if anew else "add_passages", rows)
    work.many("add_spent", rows)
    work.each("note_work", progress, now=now, longest_step=LONGEST_STEP)


def _requeue(work: Work, task_ids: list[str]) -> int:
    """Put tasks back, but for those that a newer text of their document made needless; return how
    many are in the queue again."""
    work.each("requeue", task_ids)
    return len(task_ids) - len(work.each("cancel_superseded", task_ids))


def _found(work: Work, job_id: str) -> list[list[Mapping[str, object]]]:
    rows = work.rows("job", job_id=job_id)
    if not rows:
        raise no_job(job_id)
    return rows


def _job(work: Work, job_id: str) -> Job:
    return _with_counts(work, _found(work, job_id))[0]


def _with_counts(work: Work, rows: Sequence[Sequence[Mapping[str, object]]]) -> list[Job]:
    ids = [str(row["id"]) for (row,) in rows]
    tallies: dict[str, list[Tally]] = {id_: [] for id_ in ids}
    for job_id, state, *numbers in work.each("counts_of_jobs", ids):
        tallies[job_id].append(Tally(TaskState(state), *numbers))
    return [with_tallies(job_record(row), tallies[str(row["id"])]) for (row,) in rows]
