"""Several processes on one database."""

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kg.neo4j import Neo4jStore
from tests.conformance.material import COLLECTION, entity_id, names, written
from tests.servers.neo4j import Neo4jServer

if TYPE_CHECKING:
    pass

ROOT = Path(__file__).parents[3]
WRITE = """
import sys
from kg.neo4j import Neo4jStore
from tests.conformance.material import COLLECTION, written

uri, password, name, number = sys.argv[1:]
store = Neo4jStore(uri, "neo4j", password)
for each in range(int(number)):
    store.commit(COLLECTION, written(f"{name} {each}", f"Ann likes {name}x{each}", "shared is x"))
    with store.read(COLLECTION) as reader:
        counts = reader.counts()
        assert counts["documents"] == reader.collection.revision, counts
        assert len(list(reader.placements())) == 2 * counts["documents"], counts
    print(each, flush=True)
store.close()
"""


def test_processes_that_write_at_once_lose_nothing(
    store: Neo4jStore, empty_neo4j: Neo4jServer
) -> None:
    processes = [start(empty_neo4j, name, 8) for name in "pq"]
    for process in processes:
        told, _ = process.communicate(timeout=120)
        assert (process.returncode, len(told.splitlines())) == (0, 8)
    assert store.collection(COLLECTION).revision == 16
    assert {f"{name}x{number}" for name in "pq" for number in range(8)} < names(store)


def test_a_process_that_is_killed_leaves_whole_transactions(
    store: Neo4jStore, empty_neo4j: Neo4jServer
) -> None:
    process = start(empty_neo4j, "p", 1000)
    assert process.stdout is not None
    for _ in range(3):
        process.stdout.readline()
    process.kill()
    process.communicate(timeout=60)
    revision = store.commit(COLLECTION, written("next", "Eve likes Fay", "Fay likes Eve"))
    assert revision > 3
    with store.read(COLLECTION) as reader:
        assert reader.counts()["documents"] == revision
        assert len(list(reader.placements())) == 2 * revision
        assert entity_id("eve") in {one.id for one in reader.entities()}


def start(server: Neo4jServer, name: str, number: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", WRITE, server.uri, server.password, name, str(number)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
