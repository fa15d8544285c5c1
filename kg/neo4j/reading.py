"""Readers: one that sees a single revision, and one that queries the present one each time.

Read-committed is all that Neo4j gives, so a revision is read as a whole, at once, put aside, and
read from there as often as it is asked for: see this package's docstring for how, and what makes it
right. Writers wait only for those two looks at the version, unless a reader was disturbed time and
again.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any

from kg.errors import StoreUnavailable
from kg.neo4j.database import Database
from kg.neo4j.queries import queries
from kg.neo4j.reader import Neo4jReader, page
from kg.neo4j.rows import CollectionRow
from kg.neo4j.spool import Spool
from kg.neo4j.work import Work

_WHOLE = (
    "documents",
    "passages",
    "placements",
    "extractions",
    "saved",
    "entities",
    "facts",
    "mentions",
    "supports",
    "synonyms",
    "unlinked",
    "counts",
)
_TRIES = 3
"""Before the collection is locked while it is read."""


def read_whole(
    database: Database, collection: str, parts: Sequence[str] | None = None
) -> Neo4jReader:
    """A reader of the present revision, or of these parts of it. Raises: CollectionNotFound."""
    # Made and closed here: what a transaction returns is lost where it fails at its end, or where
    # nobody waits for it any more, and it may run several times.
    with ExitStack() as unread:
        spool = Spool()
        unread.callback(spool.close)
        row = _fill(spool, database, collection, _WHOLE if parts is None else parts)
        unread.pop_all()
    return Neo4jReader(row.record, _Aside(spool))


def peek(database: Database, collection: str) -> Neo4jReader:
    """A reader whose answers are each of their own moment. Raises: CollectionNotFound."""
    row = database.read(lambda work: work.find(collection))
    return Neo4jReader(row.record, _Live(database, collection))


def _fill(spool: Spool, database: Database, collection: str, parts: Sequence[str]) -> CollectionRow:
    """Put one revision's rows of these parts into the spool; return the collection of then."""
    for _ in range(_TRIES):
        before = database.write(lambda work: work.lock(collection))
        row = database.write(lambda work: _put_aside(work, collection, parts, spool, lock=False))
        if (row.key, row.version) == (before.key, before.version):
            return row
    return database.write(lambda work: _put_aside(work, collection, parts, spool, lock=True))


def _put_aside(
    work: Work, collection: str, parts: Sequence[str], spool: Spool, *, lock: bool
) -> CollectionRow:
    """Put the rows of these parts into the spool, and nothing else; return the collection as it was
    when the last one was read."""
    if lock:
        work.lock(collection)
    spool.clear()
    work = work.of("reader", collection)
    for query in parts:
        spool.put(query, _stream(work, query, after="", limit=_NO_LIMIT))
    return work.lock(collection)


_NO_LIMIT = (1 << 63) - 1


def _stream(work: Work, query: str, **parameters: Any) -> Iterator[Any]:
    parameters["collection"] = work.collection
    for record in work.transaction.run(queries(work.file)[query], parameters):
        yield record.values()


class _Aside:
    """Rows of one revision."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool

    def documents(self, after: str, limit: int | None) -> Iterator[Any]:
        return page(self._spool.rows("documents"), after, limit)

    def rows(self, query: str) -> Iterator[Any]:
        return self._spool.rows(query)

    def close(self) -> None:
        self._spool.close()


class _Live:
    """Rows of whatever revision there is when they are asked for."""

    def __init__(self, database: Database, collection: str) -> None:
        self._database = database
        self._collection = collection
        self._closed = False

    def documents(self, after: str, limit: int | None) -> Iterator[Any]:
        most = _NO_LIMIT if limit is None else limit
        return self._ask("documents", after=after, limit=most)

    def rows(self, query: str) -> Iterator[Any]:
        return self._ask(query)

    def close(self) -> None:
        self._closed = True

    def _ask(self, query: str, **parameters: Any) -> Iterator[Any]:
        if self._closed:
            raise StoreUnavailable("The reader was closed: open a new one.")
        return iter(
            self._database.read(
                lambda work: work.of("reader", self._collection).rows(query, **parameters)
            )
        )
