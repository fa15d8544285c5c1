"""Opening a store in Neo4j, and asking its server past it."""

import time
from typing import TYPE_CHECKING, Any

from kg.neo4j import Neo4jStore
from tests.servers.neo4j import Neo4jServer

if TYPE_CHECKING:
    from neo4j import Driver


def opened(server: Neo4jServer, clock: Any = time.time) -> Neo4jStore:
    return Neo4jStore(server.uri, server.user, server.password, clock=clock)


def asked(driver: "Driver", query: Any, **parameters: Any) -> list[Any]:
    """Rows as a person sees them who asks in Neo4j Browser."""
    return [record.values() for record in driver.execute_query(query, parameters).records]
