"""A store in Neo4j with one collection."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from kg.neo4j import Neo4jStore
from tests.conformance.material import COLLECTION, SETTINGS, Clock
from tests.conformance.neo4j_store.asking import opened
from tests.servers.neo4j import Neo4jServer, connected

if TYPE_CHECKING:
    from neo4j import Driver


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(empty_neo4j: Neo4jServer, clock: Clock) -> Iterator[Neo4jStore]:
    store = opened(empty_neo4j, clock)
    store.create_collection(COLLECTION, SETTINGS)
    yield store
    store.close()


@pytest.fixture
def driver(empty_neo4j: Neo4jServer) -> "Iterator[Driver]":
    with connected(empty_neo4j) as driver:
        yield driver
