"""The tasks of jobs, and named leases, in the store's database.

Whatever changes tasks holds the lock of all (see this package's docstring), for a moment. The clock
is read once it is held: who waited for it, or had to begin again, has lost nothing of a lease.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import asdict

from kg.jobs import LONGEST_STEP, Progress, Task
from kg.neo4j.jobs import Neo4jJobs
from kg.neo4j.queued import alone, requeue
from kg.neo4j.rows import extraction_properties, extraction_record
from kg.neo4j.tasks import task_record
from kg.neo4j.work import Work
from kg.records import Extraction
from kg.validation import as_unicode, check_extractions

_PRUNED_AT_ONCE = 2000


class Neo4jQueue(Neo4jJobs):
    """`TaskQueue` and `Leases` over one database; see there. The base of `Neo4jStore`, whose
    commits end tasks."""

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
        least, most = (0, 1) if drafted is None else (int(drafted), int(drafted))
        wanted = {"of": collection, "excluded": list(excluded), "least": least, "most": most}

        def action(work: Work) -> Sequence[Task]:
            work = alone(work)
            now = self._clock()
            requeue(work, [id_ for (id_,) in work.rows("expired", now=now)])
            ids = [id_ for (id_,) in work.rows("next_tasks", limit=limit, **wanted)]
            work.each("lease", ids, worker=worker, until=now + seconds)
            return [task_record(row) for (row,) in work.each("leased_tasks", ids)]

        return self._database.write(action)

    def extend(self, task_ids: Sequence[str], *, worker: str, seconds: float) -> Set[str]:
        def action(work: Work) -> Set[str]:
            work = alone(work)
            until = self._clock() + seconds
            return set(work.ids("extend", task_ids, worker=worker, until=until))

        return self._database.write(action)

    def still_held(self, task_ids: Sequence[str], *, worker: str) -> Set[str]:
        return self._database.read(
            lambda work: set(work.of("queue").ids("held_among", task_ids, worker=worker))
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
            requeue(work, held)

        self._database.write(action)

    def reclaim(self, dead: Callable[[str], bool]) -> int:
        began = self._clock()
        workers = self._database.read(lambda work: work.of("queue").rows("workers", now=began))
        gone = [worker for (worker,) in workers if dead(worker)]
        if not gone:
            return 0

        def action(work: Work) -> int:
            work = alone(work)
            now = self._clock()
            work.run("end_leases", workers=gone, now=now)
            work.run("end_filling", workers=gone, now=now)
            return requeue(work, [id_ for (id_,) in work.rows("leased_by", workers=gone)])

        return self._database.write(action)

    def fail(self, task_id: str, error: str, *, worker: str, retry: bool) -> None:
        def action(work: Work) -> None:
            work = alone(work)
            held = work.ids("held_among", [task_id], worker=worker)
            work.each("note_error", held, error=as_unicode(error))
            if retry:
                requeue(work, held)
            else:
                work.each("fail", held)

        self._database.write(action)

    def note_progress(self, progress: Mapping[str, Progress], *, anew: bool = False) -> None:
        self._database.write(lambda work: self._note(alone(work), progress, anew=anew))

    def swap_extraction(
        self,
        collection: str,
        extraction: Extraction,
        *,
        instead_of: Extraction | None,
        progress: Mapping[str, Progress],
        beside: Sequence[Extraction] = (),
    ) -> bool:
        check_extractions([extraction, *beside])
        key = [extraction.passage_id]

        def action(work: Work) -> bool:
            work.lock(collection)
            saved = work.of("derived", collection)
            rows = saved.each("saved_extractions", key, extractor=extraction.extractor)
            if next((extraction_record(row) for (row,) in rows), None) != instead_of:
                return False
            saved.many("save_extraction", map(extraction_properties, [extraction, *beside]))
            self._spend(work.of("queue"), progress)
            return True

        return self._database.write(action)

    def waiting(self, collection: str | None = None) -> int:
        return self._database.read(
            lambda work: int(work.of("queue").value("waiting", of=collection))
        )

    def busy(self, collection: str | None = None) -> bool:
        return self._database.read(lambda work: bool(work.of("queue").rows("busy", of=collection)))

    def hold(self, name: str, *, worker: str, seconds: float) -> bool:
        return name in self.take([name], worker=worker, seconds=seconds)

    def take(self, names: Iterable[str], *, worker: str, seconds: float) -> Mapping[str, int]:
        ids = list(names)

        def action(work: Work) -> Mapping[str, int]:
            work = alone(work)
            now = self._clock()
            rows = work.rows("take", ids=ids, worker=worker, now=now, until=now + seconds)
            return {name: int(lost) for name, lost in rows}

        return self._database.write(action)

    def held(self, beginning: str) -> Mapping[str, str]:
        now = self._clock()
        return self._database.read(
            lambda work: dict(work.of("queue").rows("held", beginning=beginning, now=now))
        )

    def put_back(self, names: Iterable[str], *, worker: str) -> None:
        ids = list(names)

        def action(work: Work) -> None:
            work = alone(work)
            work.run("put_back", ids=ids, worker=worker, now=self._clock())

        self._database.write(action)

    def let_go(self, *names: str, worker: str) -> None:
        ids = list(names)
        self._database.write(lambda work: alone(work).run("let_go", ids=ids, worker=worker))

    def prune_leases(self, *, seconds: float) -> int:
        def action(work: Work) -> int:
            work = alone(work)
            before = self._clock() - seconds
            return int(work.value("prune_leases", before=before, limit=_PRUNED_AT_ONCE))

        pruned = number = self._database.write(action)
        while number == _PRUNED_AT_ONCE:
            number = self._database.write(action)
            pruned += number
        return pruned

    def _note(self, work: Work, progress: Mapping[str, Progress], *, anew: bool = False) -> None:
        work.many("set_passages" if anew else "add_passages", _rows(progress))
        self._spend(work, progress)

    def _spend(self, work: Work, progress: Mapping[str, Progress]) -> None:
        """Add to the jobs, not to the tasks. Each job is held for that: the lock of all is not
        needed, and who saves answers for one collection waits for none of another one's."""
        work.each("lock_jobs_of", sorted(progress))
        work.many("add_spent", _rows(progress))
        work.each("note_work", progress, now=self._clock(), longest_step=LONGEST_STEP)


def _rows(progress: Mapping[str, Progress]) -> list[Mapping[str, object]]:
    return [{"id": id_, **asdict(new)} for id_, new in progress.items()]
