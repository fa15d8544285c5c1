"""From SQLite to Neo4j and back, on the command line."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kg.errors import Conflict
from kg.jobs import TaskState
from kg.memory import MemoryStore
from kg.neo4j import Neo4jStore
from kg.records import Transition
from kg.sqlite import SQLiteStore
from server.migration import migrate
from tests.conformance.material import (
    COLLECTION,
    SETTINGS,
    Store,
    document,
    extraction,
    fingerprint_of,
    link,
    passage_id,
    removed,
    written,
)
from tests.doubles.command_line import Ammon
from tests.servers.neo4j import Neo4jServer


@pytest.fixture
def neo4j(empty_neo4j: Neo4jServer) -> Iterator[Neo4jStore]:
    store = Neo4jStore(empty_neo4j.uri, empty_neo4j.user, empty_neo4j.password)
    yield store
    store.close()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[SQLiteStore]:
    store = SQLiteStore(tmp_path / "data" / "ammon.sqlite")
    store.create_collection(COLLECTION, SETTINGS)
    store.commit(COLLECTION, written("a", "Ann likes Bob", "Cid likes Dan"))
    store.commit(COLLECTION, written("b", "Eve knows Fay"))
    store.commit(COLLECTION, removed("b"))
    store.save_extractions(COLLECTION, [extraction("Ann likes Bob", by="other")])
    link(store, "ann bob", "bob ann")
    yield store
    store.close()


@pytest.fixture
def ammon(ammon: Ammon, monkeypatch: pytest.MonkeyPatch, empty_neo4j: Neo4jServer) -> Ammon:
    monkeypatch.setenv("AMMON_NEO4J_URI", empty_neo4j.uri)
    monkeypatch.setenv("AMMON_NEO4J_PASSWORD", empty_neo4j.password)
    return ammon


def alike(one: Store, other: Store) -> bool:
    return fingerprint_of(one) == fingerprint_of(other) and one.collections() == other.collections()


def test_a_collection_goes_there_and_comes_back_the_same(
    ammon: Ammon, sqlite: SQLiteStore, neo4j: Neo4jStore
) -> None:
    done = ammon("migrate", "--from", "sqlite", "--to", "neo4j")
    assert done.code == 0
    assert "'library': 1 document, revision 3; copied and verified." in done.out
    assert alike(sqlite, neo4j)
    before = fingerprint_of(sqlite)
    sqlite.delete_collection(COLLECTION)
    done = ammon("migrate", "--from", "neo4j", "--to", "sqlite", "--json")
    assert done.json["collections"] == [
        {"collection": COLLECTION, "revision": 3, "documents": 1, "passages": 2, "already": False}
    ]
    assert fingerprint_of(sqlite) == before
    assert sqlite.collection(COLLECTION) == neo4j.collection(COLLECTION)
    saved = sqlite.saved_extractions(COLLECTION, "other", [passage_id("Ann likes Bob")])
    assert list(saved.values()) == [extraction("Ann likes Bob", by="other")]


def test_what_is_there_already_is_left_alone(
    ammon: Ammon, sqlite: SQLiteStore, neo4j: Neo4jStore
) -> None:
    ammon("migrate", "--from", "sqlite", "--to", "neo4j")
    done = ammon("migrate", "--from", "sqlite", "--to", "neo4j", "-c", COLLECTION)
    assert (done.code, "already there" in done.out) == (0, True)


def test_another_collection_of_the_name_is_not_overwritten(
    ammon: Ammon, sqlite: SQLiteStore, neo4j: Neo4jStore
) -> None:
    neo4j.create_collection(COLLECTION, SETTINGS)
    done = ammon("migrate", "--from", "sqlite", "--to", "neo4j")
    assert (done.code, "another collection named" in done.err) == (1, True)
    assert neo4j.collection(COLLECTION).revision == 0


def test_the_same_store_twice_is_no_way_to_go(
    ammon: Ammon,
) -> None:
    done = ammon("migrate", "--from", "neo4j", "--to", "neo4j")
    assert (done.code, "the same store" in done.err) == (2, True)


def test_a_wrong_password_says_which_setting_to_mend(
    ammon: Ammon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMMON_NEO4J_PASSWORD", "wrong")
    done = ammon("migrate", "--from", "sqlite", "--to", "neo4j")
    assert (done.code, "AMMON_NEO4J_PASSWORD" in done.err) == (1, True)


def test_documents_that_wait_are_waited_for() -> None:
    one, other = MemoryStore(), MemoryStore()
    one.create_collection(COLLECTION, SETTINGS)
    job = one.enqueue(COLLECTION, [document("a")])
    with pytest.raises(Conflict, match=r"'library' wait to be indexed \(1\)"):
        migrate(one, other, [COLLECTION])
    assert one.cancel(job.id).counts == {TaskState.CANCELLED: 1}
    assert [each.already for each in migrate(one, other, [COLLECTION])] == [False]


@pytest.mark.parametrize("under_way", [{"extractor": "other"}, {"swapping": True}])
def test_a_change_is_not_taken_along_without_its_budget(under_way: dict[str, Any]) -> None:
    one, other = MemoryStore(), MemoryStore()
    changing = replace(SETTINGS, transition=Transition(job="job-1", **under_way))
    one.create_collection(COLLECTION, changing)
    with pytest.raises(Conflict, match=r"'library' is being re-indexed.*cancel job-1"):
        migrate(one, other, [COLLECTION])
    assert not other.collections()
    one.update_settings(COLLECTION, changing.settled)
    assert [each.already for each in migrate(one, other, [COLLECTION])] == [False]
