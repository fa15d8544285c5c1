"""The tasks of jobs, and named leases, in the store's database."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import asdict

from kg.jobs import LONGEST_STEP, Progress, Task
from kg.records import Extraction
from kg.sqlite.jobs import SQLiteJobs
from kg.sqlite.rows import extraction_record, extraction_row, ids_of
from kg.sqlite.session import Session, find_collection
from kg.sqlite.tasks import requeue, task_record
from kg.validation import as_unicode, check_extractions


class SQLiteQueue(SQLiteJobs):
    """`TaskQueue` and `Leases` over one file; see there. The base of `SQLiteStore`, whose commits
    end tasks."""

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
        names = ids_of(excluded)
        with self._database.write() as connection:
            session, now = Session(connection, "queue"), self._clock()
            requeue(session, session.ids("expired", now=now))
            found = session.ids(
                "next_tasks",
                collection=collection,
                excluded=names,
                limit=limit,
                least=least,
                most=most,
            )
            ids = ids_of(found)
            session.rows("lease", ids=ids, worker=worker, until=now + seconds)
            return [task_record(row) for row in session.rows("leased_tasks", ids=ids)]

    def extend(self, task_ids: Sequence[str], *, worker: str, seconds: float) -> Set[str]:
        with self._database.write() as connection:
            until = self._clock() + seconds
            session = Session(connection, "queue")
            return set(session.ids("extend", ids=ids_of(task_ids), worker=worker, until=until))

    def still_held(self, task_ids: Sequence[str], *, worker: str) -> Set[str]:
        with self._database.read() as connection:
            session = Session(connection, "queue")
            return set(session.ids("held_among", ids=ids_of(task_ids), worker=worker))

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
            requeue(session, held)

    def reclaim(self, dead: Callable[[str], bool]) -> int:
        with self._database.read() as connection:
            workers = Session(connection, "queue").ids("workers", now=self._clock())
        gone = [worker for worker in workers if dead(worker)]
        if not gone:
            return 0
        with self._database.write() as connection:
            session, now = Session(connection, "queue"), self._clock()
            session.rows("end_leases", workers=ids_of(gone), now=now)
            session.rows("end_filling", workers=ids_of(gone), now=now)
            return requeue(session, session.ids("leased_by", workers=ids_of(gone)))

    def fail(self, task_id: str, error: str, *, worker: str, retry: bool) -> None:
        with self._database.write() as connection:
            session = Session(connection, "queue")
            held = session.ids("held_among", ids=ids_of([task_id]), worker=worker)
            session.rows("note_error", ids=ids_of(held), error=as_unicode(error))
            if retry:
                requeue(session, held)
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
        beside: Sequence[Extraction] = (),
    ) -> bool:
        check_extractions([extraction, *beside])
        ids = ids_of([extraction.passage_id])
        with self._database.write() as connection:
            key, _ = find_collection(connection, collection)
            session = Session(connection, "derived", key)
            found = session.rows("saved_extractions", extractor=extraction.extractor, ids=ids)
            if next(map(extraction_record, found), None) != instead_of:
                return False
            session.many("save_extraction", map(extraction_row, [extraction, *beside]))
            _note(Session(connection, "queue"), progress, self._clock())
            return True

    def waiting(self, collection: str | None = None) -> int:
        with self._database.read() as connection:
            return int(Session(connection, "queue").ids("waiting", collection=collection)[0])

    def busy(self, collection: str | None = None) -> bool:
        with self._database.read() as connection:
            return bool(Session(connection, "queue").ids("busy", collection=collection))

    def hold(self, name: str, *, worker: str, seconds: float) -> bool:
        return name in self.take([name], worker=worker, seconds=seconds)

    def take(self, names: Iterable[str], *, worker: str, seconds: float) -> Mapping[str, int]:
        ids = ids_of(names)
        with self._database.write() as connection:
            session, now = Session(connection, "queue"), self._clock()
            return dict(session.rows("take", ids=ids, worker=worker, now=now, until=now + seconds))

    def held(self, beginning: str) -> Mapping[str, str]:
        with self._database.read() as connection:
            session, end = Session(connection, "queue"), beginning + chr(sys.maxunicode)
            return dict(session.rows("held", beginning=beginning, end=end, now=self._clock()))

    def put_back(self, names: Iterable[str], *, worker: str) -> None:
        with self._database.write() as connection:
            session, now = Session(connection, "queue"), self._clock()
            session.rows("put_back", ids=ids_of(names), worker=worker, now=now)

    def let_go(self, *names: str, worker: str) -> None:
        with self._database.write() as connection:
            Session(connection, "queue").rows("let_go", ids=ids_of(names), worker=worker)

    def prune_leases(self, *, seconds: float) -> int:
        with self._database.write() as connection:
            before = self._clock() - seconds
            return len(Session(connection, "queue").rows("prune_leases", before=before))


def _note(
    session: Session, progress: Mapping[str, Progress], now: float, *, anew: bool = False
) -> None:
    rows = [{"id": id_, **asdict(new)} for id_, new in progress.items()]
    session.many("set_passages" if anew else "add_passages", rows)
    session.many("add_spent", rows)
    session.rows("note_work", ids=ids_of(progress), now=now, longest_step=LONGEST_STEP)
