"""Jobs and tasks as they are read, and forgotten."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from kg.absence import no_job
from kg.jobs import Job, Task, TaskState
from kg.neo4j.database import Database
from kg.neo4j.tasks import job_record, task_record
from kg.neo4j.work import Work
from kg.tally import Tally, with_tallies

_FORGOTTEN_JOBS, _FORGOTTEN_TASKS = 50, 5000
"""That one transaction takes at most: others wait for it."""


class Neo4jJobs:
    """See `kg.queue.JobQueue`. The base of `Neo4jQueue`."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        """Keep the queue in this database; `clock` gives seconds since 1970."""
        self._database = database
        self._clock = clock

    def job(self, job_id: str) -> Job:
        return self._database.read(lambda work: self._job(work.of("queue"), job_id))

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
            work = work.of("queue")
            return self._with_counts(work, work.rows(query, **asked))

        return self._database.read(action)

    def waits_in(
        self, collection: str, document_ids: Iterable[str] | None = None
    ) -> Mapping[str, int]:
        ids = None if document_ids is None else list(document_ids)

        def action(work: Work) -> Mapping[str, int]:
            work = work.of("queue")
            if ids is None:
                rows = work.rows("waits_in", of=collection)
            else:
                rows = work.each("waits_in_among", ids, of=collection)
            found: Counter[str] = Counter()
            for job_id, number in rows:
                found[job_id] += number
            return found

        return self._database.read(action)

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
            idle = work.rows("idle_jobs", limit=_FORGOTTEN_JOBS, **asked)
            left = _FORGOTTEN_TASKS
            for number, (job_id,) in enumerate(idle):
                left -= int(work.value("delete_tasks", job_id=job_id, limit=left))
                if left == 0:  # the job may have more
                    return len(idle), number
                work.run("delete_job", job_id=job_id)
            return len(idle), len(idle)

        while True:
            found, done = self._database.write(action)
            gone += done
            if not found:
                return gone

    def tasks(
        self, job_id: str, *, state: TaskState | None = None, limit: int = 1000
    ) -> Sequence[Task]:
        def action(work: Work) -> Sequence[Task]:
            work = work.of("queue")
            job_rows(work, job_id)
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

    def _job(self, work: Work, job_id: str) -> Job:
        return self._with_counts(work, job_rows(work, job_id))[0]

    def _with_counts(self, work: Work, rows: Sequence[Sequence[Mapping[str, object]]]) -> list[Job]:
        ids = [str(row["id"]) for (row,) in rows]
        tallies: dict[str, list[Tally]] = {id_: [] for id_ in ids}
        for job_id, state, *numbers in work.each("counts_of_jobs", ids):
            tallies[job_id].append(Tally(TaskState(state), *numbers))
        now = self._clock()
        return [with_tallies(job_record(row, now), tallies[str(row["id"])]) for (row,) in rows]


def alone(work: Work, collection: str | None = None) -> Work:
    """The queue's queries, in a transaction that alone changes tasks."""
    work.lock_all()
    return work.of("queue", collection)


def job_rows(work: Work, job_id: str) -> list[list[Mapping[str, Any]]]:
    """A job's row. Raises: JobNotFound."""
    rows = work.rows("job", job_id=job_id)
    if not rows:
        raise no_job(job_id)
    return rows
