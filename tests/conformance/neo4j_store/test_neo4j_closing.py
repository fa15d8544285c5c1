"""A store that is closed leaves no connection open, whatever was going on."""

import gc
import warnings
from concurrent.futures import ThreadPoolExecutor
from threading import enumerate as threads
from urllib.parse import urlsplit

import pytest

from kg.errors import StoreClosed
from kg.neo4j import Neo4jStore
from tests.doubles.waiting import until
from tests.servers.neo4j import Neo4jServer
from tests.servers.relay import relayed


def closed_while_it_connects(server: Neo4jServer) -> None:
    """A store whose first connection is established after it was closed."""
    with relayed(urlsplit(server.uri).port or 0) as relay, ThreadPoolExecutor(1) as pool:
        uri = f"bolt://127.0.0.1:{relay.port}"
        store = Neo4jStore(uri, server.user, server.password, may_be_away=True)
        relay.fall_silent()
        asked = pool.submit(store.collections)
        until(lambda: relay.connections == 1)
        store.close()
        with pytest.raises(StoreClosed):
            asked.result(60)
        relay.come_back()
        until(lambda: not any(thread.name == "neo4j" for thread in threads()))


def test_a_connection_that_was_being_opened_is_closed_too(empty_neo4j: Neo4jServer) -> None:
    gc.collect()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        closed_while_it_connects(empty_neo4j)
        gc.collect()
    assert [str(warning.message) for warning in told] == []
