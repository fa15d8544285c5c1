"""Making the store that the settings name."""

from typing import Literal, Protocol, TypeAlias

from kg.queue import JobQueue
from kg.sqlite import SQLiteStore
from kg.store import GraphStore
from server.folders import Folders
from server.settings import Settings

StoreName: TypeAlias = Literal["sqlite", "neo4j"]


class Store(GraphStore, JobQueue, Protocol):
    """The source of truth: the graph's source data, and the queue."""


def make_store(
    settings: Settings,
    folders: Folders,
    name: StoreName | None = None,
    *,
    may_be_away: bool = False,
) -> Store:
    """The store of this name; without one, the store in the settings.

    `may_be_away`: do not contact the store's server yet.
    Raises: StoreError, DependencyMissing.
    """
    if (name or settings.store) == "sqlite":
        return SQLiteStore(folders.store)
    from kg.neo4j import Neo4jStore

    return Neo4jStore(
        settings.neo4j_uri,
        settings.neo4j_user,
        settings.neo4j_password.get_secret_value(),
        database=settings.neo4j_database,
        may_be_away=may_be_away,
    )
