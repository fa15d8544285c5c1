"""Every store, held to the ports' suites."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kg.memory import MemoryStore
from kg.neo4j import Neo4jStore
from kg.sqlite import SQLiteStore
from tests.conformance.graph_store import GraphStoreConformance
from tests.conformance.job_queue import JobQueueConformance
from tests.conformance.material import Clock, Store
from tests.servers.neo4j import Neo4jServer


class TestMemoryStore(GraphStoreConformance, JobQueueConformance):
    @pytest.fixture
    def store(self, clock: Clock) -> Store:
        return MemoryStore(clock=clock)


class TestSQLiteStore(GraphStoreConformance, JobQueueConformance):
    @pytest.fixture
    def store(self, clock: Clock, tmp_path: Path) -> Iterator[Store]:
        store = SQLiteStore(tmp_path / "ammon.sqlite", clock=clock)
        yield store
        store.close()


class TestNeo4jStore(GraphStoreConformance, JobQueueConformance):
    @pytest.fixture
    def store(self, clock: Clock, empty_neo4j: Neo4jServer) -> Iterator[Store]:
        server = empty_neo4j
        store = Neo4jStore(server.uri, server.user, server.password, clock=clock)
        yield store
        store.close()
