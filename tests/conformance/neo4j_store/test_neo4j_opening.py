"""Opening a database: its version, its address, and what is said where it cannot be used."""

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from kg.errors import DependencyMissing, InputError, StoreUnavailable, StoreVersionUnknown
from kg.neo4j import Neo4jStore
from tests.conformance.material import COLLECTION, SETTINGS, written
from tests.conformance.neo4j_store.asking import asked, opened
from tests.servers.neo4j import Neo4jServer
from tests.servers.sharing import free_port

if TYPE_CHECKING:
    from neo4j import Driver


def test_several_may_be_the_first_to_open_a_database(
    empty_neo4j: Neo4jServer, driver: "Driver"
) -> None:
    for (name,) in asked(driver, "SHOW CONSTRAINTS YIELD name RETURN name"):
        asked(driver, f"DROP CONSTRAINT {name}")
    for (name,) in asked(driver, "SHOW INDEXES YIELD name, type WHERE type = 'RANGE' RETURN name"):
        asked(driver, f"DROP INDEX {name}")
    asked(driver, "MATCH (a:Ammon) DELETE a")
    with ThreadPoolExecutor(3) as pool:
        stores = list(pool.map(lambda _: opened(empty_neo4j), range(3)))
    stores[0].create_collection(COLLECTION, SETTINGS)
    assert stores[1].commit(COLLECTION, written("a", "Ann likes Bob")) == 1
    assert stores[2].lease(worker="w", limit=1, seconds=1) == []
    assert asked(driver, "MATCH (a:Ammon) RETURN a.name, a.version") == [["Ammon", 3]]
    for store in stores:
        store.close()


def test_a_database_of_a_newer_ammon_is_refused(
    store: Neo4jStore, empty_neo4j: Neo4jServer, driver: "Driver"
) -> None:
    asked(driver, "MATCH (a:Ammon) SET a.version = 99")
    try:
        with pytest.raises(StoreVersionUnknown, match="version 99"):
            opened(empty_neo4j)
    finally:
        asked(driver, "MATCH (a:Ammon) SET a.version = 3")


def test_an_ammon_that_knows_of_nothing_superseded_opens_no_database_that_this_one_opened(
    store: Neo4jStore, empty_neo4j: Neo4jServer, driver: "Driver", monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(driver, "MATCH (a:Ammon) SET a.version = 2")
    opened(empty_neo4j).close()
    monkeypatch.setattr("kg.neo4j.database.VERSION", 2)
    with pytest.raises(StoreVersionUnknown, match=r"version 3 .*up to 2"):
        opened(empty_neo4j)


def test_where_nobody_listens_the_setting_is_named() -> None:
    with pytest.raises(StoreUnavailable, match="AMMON_NEO4J_URI"):
        Neo4jStore(f"bolt://127.0.0.1:{free_port()}", "neo4j", "secret")


def test_what_is_no_address_is_said_so() -> None:
    with pytest.raises(StoreUnavailable, match="bolt://HOST:7687"):
        Neo4jStore("ftp://127.0.0.1:1", "neo4j", "secret")


def test_a_wrong_password_is_said_so(empty_neo4j: Neo4jServer) -> None:
    with pytest.raises(StoreUnavailable, match="AMMON_NEO4J_PASSWORD"):
        Neo4jStore(empty_neo4j.uri, empty_neo4j.user, "wrong")


def test_a_database_that_is_not_there_is_said_so(empty_neo4j: Neo4jServer) -> None:
    server = empty_neo4j
    with pytest.raises(StoreUnavailable, match="AMMON_NEO4J_DATABASE"):
        Neo4jStore(server.uri, server.user, server.password, database="nowhere")


def test_a_closed_store_says_so(empty_neo4j: Neo4jServer) -> None:
    store = opened(empty_neo4j)
    store.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        store.collections()


def test_without_the_driver_the_command_that_installs_it_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "neo4j", None)
    with pytest.raises(DependencyMissing, match=r"\[neo4j\]"):
        Neo4jStore("bolt://127.0.0.1:1", "neo4j", "secret")


def test_a_name_that_is_no_text_is_refused(store: Neo4jStore) -> None:
    with pytest.raises(InputError, match="surrogate"):
        store.collection("half \ud83d")


def test_an_iterator_used_after_its_reader_says_so(store: Neo4jStore) -> None:
    store.commit(COLLECTION, written("a", "Ann likes Bob"))
    with store.read(COLLECTION) as reader:
        begun, kept = reader.entities(), reader
        next(begun)
    for left in (begun, kept.passages()):
        with pytest.raises(StoreUnavailable, match="reader was closed"):
            list(left)
