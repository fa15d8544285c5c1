"""The driver, transactions, and what errors mean.

The sessions of one database share their bookmarks: what one thread wrote, another one reads, on
whichever member of a cluster. Transactions are retried by the driver where that may help.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from kg.errors import (
    DependencyMissing,
    InputError,
    StoreError,
    StoreUnavailable,
    StoreVersionUnknown,
)
from kg.neo4j.queries import queries
from kg.neo4j.work import Work

if TYPE_CHECKING:
    from neo4j import Driver, Session

VERSION = 1
"""Of the schema: which labels, properties, constraints and indexes there are."""
RETRY_SECONDS = 30.0
"""For how long a transaction that met another one, or no server, is tried again."""
PROBE_SECONDS = 1.5
"""For how long a probe waits for the server to answer at all."""
_FETCHED_AT_ONCE = 5000
"""Rows that the server sends before it waits to be asked for more."""
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
    ) -> None:
        """Connect, and make constraints and indexes where they are missing.

        Raises: StoreUnavailable, StoreVersionUnknown, StoreError, DependencyMissing.
        """
        try:
            import neo4j
        except ImportError as error:
            raise DependencyMissing("neo4j", "neo4j") from error
        # What the driver tries again is its business, until it gives up and we say why.
        logging.getLogger("neo4j").setLevel(logging.CRITICAL)
        self.name = database
        self._uri = uri
        with self.errors():
            connect = partial(
                neo4j.GraphDatabase.driver,
                uri,
                auth=(user, password),
                max_transaction_retry_time=retry_seconds,
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
        try:
            self._migrate()
        except BaseException:
            self.close()
            raise

    def read(self, action: Callable[[Work], _Result]) -> _Result:
        """The result of a transaction that takes no lock: of several things that it reads, each may
        be of another moment."""
        with self.errors(), self._session() as session:
            return session.execute_read(lambda transaction: action(Work(transaction)))

    def write(self, action: Callable[[Work], _Result]) -> _Result:
        """The result of a transaction that writes or locks. It may run several times, of which one
        counts: what it changes outside of the database it must be able to change again."""
        with self.errors(), self._session() as session:
            return session.execute_write(lambda transaction: action(Work(transaction)))

    def probe(self) -> None:
        """Ask for nothing, once. Raises: StoreUnavailable, StoreError, soon."""
        import neo4j

        with self.errors(), self._prober.session(database=self.name) as session:
            session.run(neo4j.Query("RETURN 1", timeout=PROBE_SECONDS)).consume()

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn what the driver raises into StoreUnavailable or StoreError."""
        from neo4j import exceptions as neo

        try:
            yield
        except UnicodeEncodeError as error:
            raise InputError(
                f"{error.object!r} contains half of a surrogate pair: it is no text."
            ) from error
        except (neo.DriverError, neo.Neo4jError) as error:
            kind, remedy = _diagnosis(error)
            what = "cannot be used" if kind is StoreUnavailable else "refused what was asked of it"
            raise kind(f"The Neo4j at {self._uri} {what} ({said_by(error)}). {remedy}") from error

    def close(self) -> None:
        """Close all connections."""
        self._prober.close()
        self._driver.close()

    def _session(self) -> "Session":
        return self._driver.session(
            database=self.name, bookmark_manager=self._bookmarks, fetch_size=_FETCHED_AT_ONCE
        )

    def _migrate(self) -> None:
        with self.errors():
            self._driver.verify_connectivity()  # at once, not after all retries
        found = self.read(lambda work: work.of("collections").value("version"))
        if found == VERSION:
            return
        if isinstance(found, int) and found > VERSION:
            raise StoreVersionUnknown(
                f"The Neo4j at {self._uri} has version {found} of Ammon's schema; this version of "
                f"Ammon knows versions up to {VERSION}. Install the newer Ammon that wrote it, or "
                "choose another database."
            )
        # Two that open an empty database at once may have to be told apart by retries.
        for name in queries("schema"):
            self.write(partial(_make, name))
        self.read(lambda work: work.of("collections").run("await_indexes"))
        self.write(lambda work: work.of("collections").run("set_version", version=VERSION))


def _make(name: str, work: Work) -> None:
    work.of("schema").run(name)


def said_by(error: Exception) -> str:
    """What a server or the driver says, in words: without codes, and without the last full stop."""
    from neo4j import exceptions as neo

    said = str(error)
    # What comes from a server is told by the driver with its codes around it.
    if isinstance(error, neo.Neo4jError) and error.message and error.message in said:
        said = error.message
    return said.strip().rstrip(".")


def _diagnosis(error: Exception) -> tuple[type[StoreError], str]:
    from neo4j import exceptions as neo

    if isinstance(error, neo.AuthError | neo.TokenExpired):
        return StoreUnavailable, "Check AMMON_NEO4J_USER and AMMON_NEO4J_PASSWORD."
    if isinstance(error, neo.ConfigurationError):
        return StoreUnavailable, "Check AMMON_NEO4J_URI: neo4j://HOST:7687 or bolt://HOST:7687."
    if isinstance(error, neo.DatabaseUnavailable | neo.ServiceUnavailable | neo.SessionExpired):
        return StoreUnavailable, "Start it, or check AMMON_NEO4J_URI; then do the same again."
    if isinstance(error, neo.TransientError):
        return StoreUnavailable, "It is busy, or short of memory: try again, or give it more."
    if isinstance(error, neo.Neo4jError):
        if "DatabaseNotFound" in (error.code or ""):
            return StoreUnavailable, "Check AMMON_NEO4J_DATABASE."
        return StoreError, "Its log tells more; if Ammon is at fault, please report it."
    if "closed" in str(error).lower():
        return StoreUnavailable, "The store was closed: open it again."
    return StoreUnavailable, "Check that it runs and can be reached; then do the same again."
