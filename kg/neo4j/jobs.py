"""Jobs in the store's database: submitted, looked at, and forgotten.

Whatever changes tasks holds the lock of all (see this package's docstring), for a moment.
"""

import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from kg.codec import document_fields, dumps
from kg.jobs import UNKNOWN, UNLIMITED, Budget, Job, Prices, Task, TaskState
from kg.neo4j.database import Database
from kg.neo4j.queued import FORGOTTEN_JOBS, NewTasks, alone, forget, job_rows, requeue
from kg.neo4j.tasks import account_record, job_properties, job_record, task_properties, task_record
from kg.neo4j.work import Row, Work
from kg.records import Document
from kg.validation import check_documents


class Neo4jJobs:
    """`JobStore` over one database; see there. The base of `Neo4jQueue`."""

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
        new = NewTasks(documents)

        def action(work: Work) -> Job:
            work = alone(work, collection)
            work.find(collection)
            first = work.value("take_numbers", count=len(documents) + 1) - len(documents)
            now = self._clock()
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
        new = NewTasks(documents)

        def action(work: Work) -> bool:
            work = alone(work)
            ((job,),) = job_rows(work, job_id)
            until = self._clock() + seconds
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
            return requeue(work, failed)

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

    def job(self, job_id: str) -> Job:
        return self._database.read(lambda work: self._job(work.of("queue"), job_id))

    def account(self, job_id: str) -> Job:
        ((row,),) = self._database.read(lambda work: job_rows(work.of("queue"), job_id))
        return account_record(row, self._clock())

    def jobs(
        self,
        collection: str | None = None,
        *,
        limit: int = 100,
        unfinished_at: int | None = None,
    ) -> Sequence[Job]:
        query = "jobs" if unfinished_at is None else "unfinished_jobs"
        asked = {"of": collection, "limit": limit, "at": unfinished_at, "now": self._clock()}

        def action(work: Work) -> Sequence[Job]:
            now = self._clock()
            return [job_record(row, now) for (row,) in work.of("queue").rows(query, **asked)]

        return self._database.read(action)

    def waits_in(
        self, collection: str, document_ids: Iterable[str] | None = None
    ) -> Mapping[str, int]:
        found: Counter[str] = Counter()
        for job_id, number in self._pairs("waits_in", "waits_in_among", collection, document_ids):
            found[job_id] += number
        return found

    def failed(self, collection: str) -> Mapping[str, str]:
        return self._database.read(
            lambda work: dict(work.of("queue").rows("failed", of=collection))
        )

    def prune(
        self, *, seconds: float, collection: str | None = None, keep: Iterable[str] = ()
    ) -> int:
        now, gone = self._clock(), 0
        asked = {"before": now - seconds, "now": now, "of": collection, "keep": list(keep)}

        def action(work: Work) -> tuple[int, int]:
            """How many jobs were found, and how many of them are gone."""
            work = alone(work)
            idle = work.rows("idle_jobs", limit=FORGOTTEN_JOBS, **asked)
            return len(idle), forget(work, [job_id for (job_id,) in idle])

        while True:
            found, done = self._database.write(action)
            gone += done
            if not found:
                return gone

    def tasks(
        self,
        job_id: str,
        *,
        state: TaskState | None = None,
        limit: int = 1000,
        document_ids: Iterable[str] | None = None,
    ) -> Sequence[Task]:
        ids = None if document_ids is None else sorted(set(document_ids))

        def action(work: Work) -> Sequence[Task]:
            work = work.of("queue")
            ((job,),) = job_rows(work, job_id)
            asked = {"job_id": job_id} if state is None else {"job_id": job_id, "state": state}
            if ids is not None:
                among = {"of": job["collection"], "job_id": job_id, "state": state}
                found = work.each("tasks_among", ids, **among)
                rows = sorted(found, key=_number)[:limit]
            else:
                query = "tasks_of_job" if state is None else "tasks_in_state"
                rows = work.rows(query, limit=limit, **asked)
            return [task_record(row) for (row,) in rows]

        return self._database.read(action)

    def awaits(self, collection: str, beginning: str) -> bool:
        asked = {"of": collection, "beginning": beginning}
        return self._database.read(lambda work: bool(work.of("queue").rows("awaits", **asked)))

    def pending(
        self, collection: str, document_ids: Iterable[str] | None = None
    ) -> Mapping[str, str]:
        return dict(self._pairs("pending", "pending_among", collection, document_ids))

    def _pairs(
        self, of_all: str, among: str, collection: str, document_ids: Iterable[str] | None
    ) -> list[Row]:
        """What one of two queries finds: of all documents, or among these."""
        ids = None if document_ids is None else list(document_ids)

        def action(work: Work) -> list[Row]:
            work = work.of("queue")
            if ids is None:
                return work.rows(of_all, of=collection)
            return work.each(among, ids, of=collection)

        return self._database.read(action)

    def _job(self, work: Work, job_id: str) -> Job:
        ((row,),) = job_rows(work, job_id)
        return job_record(row, self._clock())


def _number(row: Row) -> int:
    number: int = row[0]["number"]
    return number
