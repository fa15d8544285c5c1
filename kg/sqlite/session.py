"""Named queries within one transaction."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import apsw

from kg.absence import no_collection
from kg.records import Collection
from kg.sqlite.queries import queries
from kg.sqlite.rows import Row, collection_record


@dataclass(frozen=True, slots=True)
class Session:
    """Runs the queries of one file; of one collection, if it has a key."""

    connection: apsw.Connection
    file: str
    collection: int | None = None

    def rows(self, query: str, **parameters: Any) -> list[Row]:
        """Run a query and return all of its rows."""
        cursor = self.connection.execute(queries(self.file)[query], self._bind(parameters))
        return list(cursor)

    def ids(self, query: str, **parameters: Any) -> list[Any]:
        """Run a query and return its first column."""
        return [row[0] for row in self.rows(query, **parameters)]

    def many(self, query: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Run a query once for each mapping of parameters."""
        self.connection.executemany(queries(self.file)[query], map(self._bind, rows))

    def _bind(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        return {"collection": self.collection, **parameters}


def find_collection(connection: apsw.Connection, name: str) -> tuple[int, Collection]:
    """A collection and its key. Raises: CollectionNotFound."""
    for key, *fields in Session(connection, "collections").rows("collection", name=name):
        return key, collection_record(*fields)
    raise no_collection(name)
