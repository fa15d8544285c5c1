"""Named queries within one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from kg.absence import no_collection
from kg.neo4j.queries import queries
from kg.neo4j.rows import CollectionRow, collection_row

if TYPE_CHECKING:
    from neo4j import ManagedTransaction

Row: TypeAlias = list[Any]
_BATCH = 2000
"""Rows, or ids, of one statement at most."""
_BATCH_CHARS = 4_000_000
"""Characters of one statement's rows, unless a single one has more."""


@dataclass(frozen=True, slots=True)
class Work:
    """Runs the queries of one file; on one collection, if it has one."""

    transaction: "ManagedTransaction"
    file: str = ""
    collection: str | None = None

    def of(self, file: str, collection: str | None = None) -> "Work":
        """The same transaction with the queries of another file; on the same collection unless one
        is named."""
        return replace(self, file=file, collection=collection or self.collection)

    def rows(self, query: str, **parameters: Any) -> list[Row]:
        """Run a query and return all of its rows."""
        if self.collection is not None:
            parameters["collection"] = self.collection
        return self.transaction.run(queries(self.file)[query], parameters).values()

    def run(self, query: str, **parameters: Any) -> None:
        """Run a query that returns nothing."""
        self.rows(query, **parameters)

    def value(self, query: str, **parameters: Any) -> Any:
        """The first column of the first row; None if there is none."""
        found = self.rows(query, **parameters)
        return found[0][0] if found else None

    def each(self, query: str, ids: Iterable[str], **parameters: Any) -> list[Row]:
        """Run a query on `$ids`, a batch at a time; not at all if there are none."""
        found: list[Row] = []
        for batch in _batches(ids):
            found += self.rows(query, ids=batch, **parameters)
        return found

    def ids(self, query: str, ids: Iterable[str], **parameters: Any) -> list[Any]:
        """The first column of what `each` returns."""
        return [row[0] for row in self.each(query, ids, **parameters)]

    def many(self, query: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Run a query on `$rows`, a batch at a time; not at all if there are none."""
        for batch in _batches(rows):
            self.run(query, rows=batch)

    def find(self, name: str) -> CollectionRow:
        """A collection. Raises: CollectionNotFound."""
        found = self.of("collections").value("collection", name=name)
        if found is None:
            raise no_collection(name)
        return collection_row(found)

    def lock(self, name: str) -> CollectionRow:
        """Lock a collection against changes until the transaction ends, and return it with all
        earlier changes. Raises: CollectionNotFound.

        Two statements: the first may have begun to read before it had to wait.
        """
        self.of("collections").run("lock_collection", name=name)
        return self.find(name)

    def lock_all(self) -> None:
        """Be the only one that changes tasks, or makes or removes collections."""
        self.of("collections").run("lock_all")


def _batches(items: Iterable[Any]) -> Iterable[Sequence[Any]]:
    batch: list[Any] = []
    chars = 0
    for item in items:
        size = _size(item)
        if batch and (len(batch) == _BATCH or chars + size > _BATCH_CHARS):
            yield batch
            batch, chars = [], 0
        batch.append(item)
        chars += size
    if batch:
        yield batch


def _size(item: Any) -> int:
    """Characters of a row's texts; ids count for nothing."""
    if not isinstance(item, Mapping):
        return 0
    return sum(len(value) for value in item.values() if isinstance(value, str))
