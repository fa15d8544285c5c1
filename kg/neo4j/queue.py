"""The durable queue in the store's database.

Whatever changes tasks holds the lock of all (see this package's docstring), for a moment.
"""

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
from kg.neo4j.jobs import Neo4jJobs, alone, job_rows
from kg.neo4j.rows import extraction_properties, extraction_record
from kg.neo4j.tasks import job_properties, task_properties, task_record
from kg.neo4j.work import Work
from kg.records import Document, Extraction
from kg.validation import as_unicode, check_documents, check_extractions


class Neo4jQueue(Neo4jJobs):
    """`JobQueue` over one database; see there. The base of `Neo4jStore`, whose commits end
    tasks."""

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
        now = self._clock()
        job_id = f"job-{uuid.uuid4().hex}"
        new = _New(documents)

        def action(work: Work) -> Job:
            work = alone(work, collection)
            work.find(collection)
            first = work.value("take_numbers", count=len(documents) + 1) - len(documents)
            properties = job_properties(job_id, first, now, priority, budget, prices)
            filling = {"filler": filler, "filled_until": now + seconds}
            work.run("insert_job", job={**properties, **filling})
            new.insert(work, job_id, first, priority)
            return self._job(work, job_id)

        return self._database.write(action)

    def fill(
        self, job_id: str, documents: Sequence[Document], *, worker: str, seconds: float
    ) -> bool:
        check_documents(documents)
        until = self._clock() + seconds
        new = _New(documents)

        def action(work: Work) -> bool:
            work = alone(work)
            ((job,),) = job_rows(work, job_id)
            if not work.rows("go_on_filling", job_id=job_id, worker=worker, until=until):
                return False
            first = work.value("take_numbers", count=len(documents)) - len(documents) + 1
            new.insert(work.of("queue", job["collection"]), job_id, first, job["priority"])
            return True

        return self._database.write(action)

    def append(
        self, job_id: str, documents: Sequence[Document], *, passages: Mapping[str, int]
    ) -> Job:
        check_documents(documents)
        wanted: dict[str, Document] = {}
        for document in documents:
            wanted.setdefault(document.id, document)

        def action(work: Work) -> Job:
            work = alone(work)
            job = self._job(work, job_id)
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
            return self._job(work, job_id)

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
            work = alone(work)
            _requeue(work, [id_ for (id_,) in work.rows("expired", now=now)])
            found = work.rows("next_tasks", of=collection, limit=limit, least=least, most=most)
            ids = [id_ for (id_,) in found]
            work.each("lease", ids, worker=worker, until=now + seconds)
            return [task_record(row) for (row,) in work.each("leased_tasks", ids)]

        return self._database.write(action)

    def extend(self, task_ids: Sequence[str], *, worker: str, seconds: float) -> Set[str]:
        until = self._clock() + seconds
        return self._database.write(
            lambda work: set(alone(work).ids("extend", task_ids, worker=worker, until=until))
        )

    def leased(self, task_ids: Sequence[str]) -> Sequence[Task]:
        return self._database.read(
            lambda work: [
                task_record(row) for (row,) in work.of("queue").each("leased_tasks", task_ids)
            ]
        )

    def release(self, task_ids: Sequence[str], *, worker: str, reason: str = "") -> None:
        def action(work: Work) -> None:
            work = alone(work)
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
            work = alone(work)
            work.run("end_leases", workers=gone, now=now)
            work.run("end_filling", workers=gone, now=now)
            return _requeue(work, [id_ for (id_,) in work.rows("leased_by", workers=gone)])

        return self._database.write(action)

    def fail(self, task_id: str, error: str, *, worker: str, retry: bool) -> None:
        def action(work: Work) -> None:
            work = alone(work)
            held = work.ids("held_among", [task_id], worker=worker)
            work.each("note_error", held, error=as_unicode(error))
            if retry:
                _requeue(work, held)
            else:
                work.each("fail", held)

        self._database.write(action)

    def note_progress(self, progress: Mapping[str, Progress], *, anew: bool = False) -> None:
        now = self._clock()
        self._database.write(lambda work: _note(alone(work), progress, now, anew=anew))

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
                _note(alone(work), progress, now)
            return True

        return self._database.write(action)

    def retry_failed(
        self, job_id: str, *, budget: Budget | None = None, prices: Prices = UNKNOWN
    ) -> int:
        def action(work: Work) -> int:
            work = alone(work)
            job_rows(work, job_id)
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
            work = alone(work)
            job_rows(work, job_id)
            work.run("stop_filling", job_id=job_id)
            work.run("cancel_job", job_id=job_id)
            return self._job(work, job_id)

        return self._database.write(action)

    def withdraw(self, collection: str, document_ids: Sequence[str]) -> int:
        def action(work: Work) -> int:
            work = alone(work, collection)
            work.find(collection)
            return len(work.each("withdraw", sorted(set(document_ids))))

        return self._database.write(action)

    def hold(self, name: str, *, worker: str, seconds: float) -> bool:
        return name in self.take([name], worker=worker, seconds=seconds)

    def take(self, names: Iterable[str], *, worker: str, seconds: float) -> Mapping[str, int]:
        now, ids = self._clock(), list(names)

        def action(work: Work) -> Mapping[str, int]:
            rows = alone(work).rows("take", ids=ids, worker=worker, now=now, until=now + seconds)
            return {name: int(lost) for name, lost in rows}

        return self._database.write(action)

    def put_back(self, names: Iterable[str], *, worker: str) -> None:
        ids = list(names)
        self._database.write(lambda work: alone(work).run("put_back", ids=ids, worker=worker))

    def let_go(self, *names: str, worker: str) -> None:
        ids = list(names)
        self._database.write(lambda work: alone(work).run("let_go", ids=ids, worker=worker))


class _New:
    """Documents that are to become tasks of a job, written once however often that is tried."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self._documents = documents
        self._newest = {document.id: number for number, document in enumerate(documents)}
        self._texts = [dumps(document_fields(document)) for document in documents]

    def insert(self, work: Work, job_id: str, first: int, priority: int) -> None:
        """Queue them instead of their older texts that wait, or failed."""
        work.each("supersede", self._newest)
        work.many(
            "insert_task",
            (
                task_properties(
                    document,
                    text if self._newest[document.id] == number else None,
                    job_id=job_id,
                    number=first + number,
                    priority=priority,
                )
                for number, (document, text) in enumerate(
                    zip(self._documents, self._texts, strict=True)
                )
            ),
        )


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
