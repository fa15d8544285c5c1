"""The driver, and transactions.

The sessions of one database share their bookmarks: what one thread wrote, another one reads, on
whichever member of a cluster. Transactions are tried again where that may help: for half a minute,
but for a second only where somebody waits and the server is away (see `kg.neo4j.presence`, too).
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Event, Lock
from typing import TYPE_CHECKING, TypeVar

from kg.errors import (
    DependencyMissing,
    InputError,
    StoreClosed,
    StoreError,
    StoreOverloaded,
    StoreStarting,
    StoreUnavailable,
    StoreVersionUnknown,
)
from kg.fail_fast import silence_limit
from kg.neo4j.diagnosis import diagnosis, is_made_already, may_pass, said_by
from kg.neo4j.presence import Presence
from kg.neo4j.queries import queries
from kg.neo4j.work import Work

if TYPE_CHECKING:
    from neo4j import Driver, Session

VERSION = 3
"""Of the schema: which labels, properties and values, constraints and indexes there are."""
RETRY_SECONDS = 30.0
"""For how long a transaction that met another one, or no server, is tried again."""
HURRIED_SECONDS = 1.0
"""For how long one that somebody waits for is, if it met no server."""
_LONGEST_PAUSE = 1.0
PROBE_SECONDS = 1.5
"""For how long a probe waits for the server to answer at all."""
_PROBE = "RETURN 1"
_FETCHED_AT_ONCE = 5000
"""Rows that the server sends before it waits to be asked for more."""
_COUNTED_AT_ONCE = 20
"""Jobs whose tasks are summed up in one transaction."""
_Result = TypeVar("_Result")


class Database:
    """One Neo4j database. Safe for several threads; several processes may each have one."""

    def __init__(
        self,
        uri: str,
        user: str,
        password: str,
        *,
        database: str,
        retry_seconds: float = RETRY_SECONDS,
        may_be_away: bool = False,
    ) -> None:
        """Connect, and make constraints and indexes where they are missing; `may_be_away`: when
        something is asked for.

        Raises: StoreUnavailable, StoreVersionUnknown, StoreError, DependencyMissing.
        """
        try:
            import neo4j
        except ImportError as error:
            raise DependencyMissing("neo4j", "neo4j") from error
        # What the driver has trouble with is its business, until it gives up and we say why.
        logging.getLogger("neo4j").setLevel(logging.CRITICAL)
        self.name = database
        self._uri = uri
        self._retry_seconds = retry_seconds
        self._prepared, self._preparing = False, Lock()
        self._closed = Event()
        self._presence = Presence(self._ask)
        with self.errors():
            connect = partial(
                neo4j.GraphDatabase.driver,
                uri,
                auth=(user, password),
                max_transaction_retry_time=0.0,
                notifications_min_severity="OFF",
                telemetry_disabled=True,
            )
            self._driver: Driver = connect(connection_timeout=min(10.0, retry_seconds))
            # A driver of its own: however many connections are in use, a probe waits for none, and
            # it trusts none that it did not try at once.
            self._prober: Driver = connect(
                connection_timeout=PROBE_SECONDS,
                connection_acquisition_timeout=PROBE_SECONDS,
                liveness_check_timeout=0,
                max_connection_pool_size=4,
            )
            self._bookmarks = neo4j.GraphDatabase.bookmark_manager()
        if may_be_away:
            return
        try:
            self.probe()
        except BaseException:
            self.close()
            raise

    def read(self, action: Callable[[Work], _Result]) -> _Result:
        """The result of a transaction that takes no lock: of several things that it reads, each may
        be of another moment."""
        return self._run(_reading(action))

    def write(self, action: Callable[[Work], _Result]) -> _Result:
        """The result of a transaction that writes or locks. It may run several times, of which one
        counts: what it changes outside of the database it must be able to change again."""
        return self._run(_writing(action))

    def probe(self) -> None:
        """Whether transactions would succeed now. Raises: StoreUnavailable, StoreVersionUnknown,
        StoreError, soon."""
        self._ask()
        self._presence.note_answer()
        self._prepare()

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn what the driver raises into StoreUnavailable or StoreError."""
        from neo4j import exceptions as neo

        try:
            yield
        except UnicodeEncodeError as error:
            raise InputError(
                f"{error.object!r} contains half of a surrogate pair and is not valid text."
            ) from error
        except (neo.DriverError, neo.Neo4jError) as error:
            kind, remedy = diagnosis(error)
            if self._closed.is_set():
                kind, remedy = StoreClosed, "The store was closed: open it again."
            what = "refused the request"
            if issubclass(kind, StoreOverloaded):
                what = "is overloaded"
            elif issubclass(kind, StoreUnavailable):
                what = "cannot be used"
            raise kind(f"The Neo4j at {self._uri} {what} ({said_by(error)}). {remedy}") from error

    def close(self) -> None:
        """Close all connections; what is under way over one of them, or waits, ends with
        StoreClosed."""
        self._closed.set()
        self._prober.close()
        self._presence.close()
        self._driver.close()

    def _ask(self) -> None:
        """Ask for nothing, once. A server that says that it has too much to do is there.

        Raises: StoreUnavailable, StoreError, soon."""
        import neo4j

        try:
            with self.errors(), self._prober.session(database=self.name) as session:
                session.run(neo4j.Query(_PROBE, timeout=PROBE_SECONDS)).consume()
        except StoreOverloaded:
            pass
        finally:
            self._let_go(self._prober)

    def _run(self, transaction: "Callable[[Session], _Result]") -> _Result:
        def prepared() -> _Result:
            try:
                self._prepare()
                return self._tried(transaction)
            finally:
                self._let_go(self._driver)

        return self._presence.attended(prepared)

    def _tried(self, transaction: "Callable[[Session], _Result]") -> _Result:
        """The result of a transaction, begun again for a while where that may help."""
        began, pause = time.monotonic(), 0.1
        while True:
            try:
                with self.errors(), self._session() as session:
                    return transaction(session)
            except StoreUnavailable as error:
                limit = self._limit(error)
                late = time.monotonic() + pause > began + limit
                if late or self._closed.is_set() or not may_pass(error.__cause__):
                    raise
            self._closed.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _let_go(self, driver: "Driver") -> None:
        """After `close`, close the connections that were being established at that moment: the
        driver keeps those, and its own `close` does nothing the second time."""
        if self._closed.is_set():
            driver._pool.close()

    def _limit(self, error: StoreUnavailable) -> float:
        """For how many seconds what met this is begun again."""
        silence = silence_limit()
        if silence is None or isinstance(error, StoreOverloaded):
            return self._retry_seconds
        return silence if isinstance(error, StoreStarting) else HURRIED_SECONDS

    def _session(self) -> "Session":
        return self._driver.session(
            database=self.name, bookmark_manager=self._bookmarks, fetch_size=_FETCHED_AT_ONCE
        )

    def _prepare(self) -> None:
        """Make constraints and indexes where they are missing, before all else is done."""
        if self._prepared:
            return
        with self._preparing:
            if not self._prepared:
                self._migrate()
                self._prepared = True

    def _migrate(self) -> None:
        found = self._tried(_reading(lambda work: work.of("collections").value("version")))
        if found == VERSION:
            self._count_jobs()  # of processes of version 1 that still run
            return
        if isinstance(found, int) and found > VERSION:
            raise StoreVersionUnknown(
                f"The Neo4j at {self._uri} has version {found} of Ammon's schema; this version of "
                f"Ammon knows versions up to {VERSION}. Install the newer Ammon that wrote it, or "
                "choose another database."
            )
        # Two that open an empty database at once may have to be told apart by retries.
        for name in queries("schema"):
            try:
                self._tried(_writing(partial(_make, name)))
            except StoreError as error:
                if not is_made_already(error.__cause__):
                    raise
        self._tried(_reading(lambda work: work.of("collections").run("await_indexes")))
        self._count_jobs()
        set_version = partial(_set_version, VERSION)
        self._tried(_writing(set_version))

    def _count_jobs(self) -> None:
        """Give the jobs of version 1 their sums."""
        if self._tried(_reading(_has_uncounted)):
            while self._tried(_writing(_count_some)):
                pass


def _reading(action: Callable[[Work], _Result]) -> "Callable[[Session], _Result]":
    return lambda session: session.execute_read(lambda transaction: action(Work(transaction)))


def _writing(action: Callable[[Work], _Result]) -> "Callable[[Session], _Result]":
    return lambda session: session.execute_write(lambda transaction: action(Work(transaction)))


def _make(name: str, work: Work) -> None:
    work.of("schema").run(name)


def _has_uncounted(work: Work) -> bool:
    return bool(work.of("queue").rows("uncounted_jobs", limit=1))


def _count_some(work: Work) -> bool:
    """Sum up the tasks of some jobs whose nodes do not have that yet, as version 1 left them;
    whether there were any."""
    work.lock_all()
    jobs = work.of("queue").rows("uncounted_jobs", limit=_COUNTED_AT_ONCE)
    for (job_id,) in jobs:
        work.of("queue").run("recount_job", job_id=job_id)
    return bool(jobs)


def _set_version(version: int, work: Work) -> None:
    work.of("collections").run("set_version", version=version)
