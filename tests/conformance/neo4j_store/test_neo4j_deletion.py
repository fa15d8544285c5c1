"""What was deleted goes from Neo4j, whoever dies meanwhile."""

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kg.errors import CollectionExists, CollectionNotFound
from kg.neo4j import Neo4jStore, queued
from tests.conformance.material import COLLECTION, SETTINGS, Clock, document, names, written
from tests.conformance.neo4j_store.asking import asked, opened
from tests.doubles.waiting import until
from tests.servers.neo4j import Neo4jServer

if TYPE_CHECKING:
    from neo4j import Driver

ROOT = Path(__file__).parents[3]


def test_a_deletion_that_was_cut_short_is_finished_by_who_takes_the_name(
    store: Neo4jStore, driver: "Driver"
) -> None:
    store.commit(COLLECTION, written("a", "Ann likes Bob"))
    asked(driver, "MATCH (c:Collection) REMOVE c:Collection SET c:DeletedCollection")
    assert not store.collections()
    store.create_collection(COLLECTION, SETTINGS)
    assert names(store) == set()
    assert asked(driver, "MATCH (n:DeletedCollection) RETURN n") == []


DELETE = """
import os, sys
from kg.neo4j import Neo4jStore
from kg.neo4j.making import Making
from tests.conformance.material import COLLECTION

uri, password = sys.argv[1:]
Making.delete_rest = lambda self, name: os._exit(9)
Neo4jStore(uri, "neo4j", password).delete_collection(COLLECTION)
"""
LEFT = "MATCH (n) WHERE NOT n:Ammon RETURN DISTINCT labels(n)[0]"


def killed_while_deleting(store: Neo4jStore, server: Neo4jServer) -> None:
    """A collection with a job, and a process that dies after its first transaction."""
    store.commit(COLLECTION, written("a", "Ann likes Bob"))
    store.enqueue(COLLECTION, [document("b"), document("c")])
    done = subprocess.run(
        [sys.executable, "-c", DELETE, server.uri, server.password], cwd=ROOT, check=False
    )
    assert done.returncode == 9


def test_a_deletion_that_was_killed_is_finished_by_a_worker(
    store: Neo4jStore, empty_neo4j: Neo4jServer, driver: "Driver"
) -> None:
    killed_while_deleting(store, empty_neo4j)
    assert not store.collections()
    assert store.finish_deletions(seconds=60)
    assert asked(driver, LEFT) == []
    assert store.finish_deletions(seconds=60)


def test_a_deletion_that_was_killed_is_finished_by_another_one(
    store: Neo4jStore, empty_neo4j: Neo4jServer, driver: "Driver"
) -> None:
    killed_while_deleting(store, empty_neo4j)
    store.delete_collection(COLLECTION)
    assert asked(driver, LEFT) == []
    with pytest.raises(CollectionNotFound):
        store.delete_collection(COLLECTION)


def test_a_deletion_that_was_killed_is_finished_by_whoever_opens_the_store(
    store: Neo4jStore, empty_neo4j: Neo4jServer, driver: "Driver"
) -> None:
    killed_while_deleting(store, empty_neo4j)
    other = opened(empty_neo4j)
    until(lambda: not asked(driver, LEFT))
    other.close()


def test_a_deletion_takes_many_jobs_and_tasks_in_portions(
    store: Neo4jStore, driver: "Driver", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queued, "_FORGOTTEN_TASKS", 3)
    for first in range(3):
        store.enqueue(COLLECTION, [document(f"{first} {number}") for number in range(5)])
    store.create_collection("other", SETTINGS)
    kept = store.enqueue("other", [document("b")])
    store.delete_collection(COLLECTION)
    assert asked(driver, "MATCH (j:Job) RETURN j.id") == [[kept.id]]
    assert asked(driver, "MATCH (t:Task) RETURN count(t)") == [[1]]


def test_a_restoration_that_died_is_cleared_away_after_a_while(
    store: Neo4jStore, driver: "Driver", clock: Clock
) -> None:
    store.commit(COLLECTION, written("a", "Ann likes Bob"))
    asked(
        driver,
        "MATCH (c:Collection) REMOVE c:Collection SET c:RestoringCollection, c.held_until = $until",
        until=clock.now + 300,
    )
    assert store.finish_deletions(seconds=60)
    assert len(asked(driver, LEFT)) > 3, "somebody may still be at it"
    clock.now += 301
    assert store.finish_deletions(seconds=60)
    assert asked(driver, LEFT) == []


def test_a_restoration_that_died_holds_its_name_for_a_while_only(
    store: Neo4jStore, driver: "Driver", clock: Clock
) -> None:
    store.commit(COLLECTION, written("a", "Ann likes Bob"))
    asked(
        driver,
        "MATCH (c:Collection) REMOVE c:Collection SET c:RestoringCollection, c.held_until = $until",
        until=clock.now + 300,
    )
    with pytest.raises(CollectionExists, match="is being restored"):
        store.create_collection(COLLECTION, SETTINGS)
    clock.now += 301
    store.create_collection(COLLECTION, SETTINGS)
    assert names(store) == set()
