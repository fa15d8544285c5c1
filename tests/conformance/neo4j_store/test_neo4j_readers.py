"""What readers of Neo4j put aside is let go, however what they do ends."""

from collections.abc import Iterator
from itertools import count
from threading import Event
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest

from kg.errors import StoreClosed, StoreUnavailable
from kg.fail_fast import failing_fast
from kg.neo4j import Neo4jStore, reading
from kg.neo4j.spool import Spool
from tests.conformance.material import COLLECTION, SETTINGS, written
from tests.servers.neo4j import Neo4jServer
from tests.servers.relay import relayed


@pytest.fixture
def store(empty_neo4j: Neo4jServer) -> Iterator[Neo4jStore]:
    store = opened(empty_neo4j, empty_neo4j.uri)
    store.create_collection(COLLECTION, SETTINGS)
    yield store
    store.close()


def opened(server: Neo4jServer, uri: str) -> Neo4jStore:
    return Neo4jStore(uri, server.user, server.password)


class Watched(Spool):
    """One that is remembered."""

    all: ClassVar[list[Spool]] = []

    def __init__(self) -> None:
        super().__init__()
        self.all.append(self)


@pytest.fixture
def spools(monkeypatch: pytest.MonkeyPatch) -> list[Spool]:
    """Those that readers make."""
    monkeypatch.setattr(Watched, "all", [])
    monkeypatch.setattr(reading, "Spool", Watched)
    return Watched.all


def test_rows_put_aside_are_let_go_where_the_connection_ends_before_the_transaction(
    store: Neo4jStore,
    empty_neo4j: Neo4jServer,
    spools: list[Spool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with relayed(urlsplit(empty_neo4j.uri).port or 0) as relay:
        other = opened(empty_neo4j, f"bolt://127.0.0.1:{relay.port}")
        put_aside = reading._put_aside

        def cut_off(*arguments: Any, **options: Any) -> Any:
            row = put_aside(*arguments, **options)
            relay.close()
            return row

        monkeypatch.setattr(reading, "_put_aside", cut_off)
        with pytest.raises(StoreUnavailable), failing_fast(), other.read(COLLECTION):
            pass
        other.close()
    assert [spool.closed for spool in spools] == [True]


def test_rows_put_aside_are_let_go_where_nobody_waits_for_them(
    store: Neo4jStore,
    empty_neo4j: Neo4jServer,
    spools: list[Spool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = opened(empty_neo4j, empty_neo4j.uri)
    put_aside, left, done = reading._put_aside, Event(), Event()

    def linger(*arguments: Any, **options: Any) -> Any:
        row = put_aside(*arguments, **options)
        other.close()  # whoever waits is let go
        left.wait(60)
        done.set()
        return row

    monkeypatch.setattr(reading, "_put_aside", linger)
    with pytest.raises(StoreClosed), other.read(COLLECTION):
        pass
    left.set()
    assert done.wait(60)
    assert [spool.closed for spool in spools] == [True]


def test_a_transaction_that_is_begun_again_puts_rows_aside_once(
    store: Neo4jStore, spools: list[Spool], monkeypatch: pytest.MonkeyPatch
) -> None:
    from neo4j.exceptions import TransientError

    store.commit(COLLECTION, written("a", "Ann likes Bob"))
    put_aside, runs = reading._put_aside, count(1)

    def disturbed(*arguments: Any, **options: Any) -> Any:
        row = put_aside(*arguments, **options)
        if next(runs) == 1:
            raise TransientError("deadlock")
        return row

    monkeypatch.setattr(reading, "_put_aside", disturbed)
    with store.read(COLLECTION) as reader:
        assert [passage.text for passage in reader.passages()] == ["Ann likes Bob"]
    assert [spool.closed for spool in spools] == [True]
