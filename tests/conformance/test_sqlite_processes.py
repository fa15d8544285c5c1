"""Several processes on one file: nothing is lost, and whatever dies leaves whole transactions."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import apsw
import pytest

from kg.sqlite import SQLiteStore
from tests.conformance.material import COLLECTION, SETTINGS, document, graph, names, written

ROOT = Path(__file__).parents[2]
WRITE = """
import sys
from pathlib import Path
from kg.sqlite import SQLiteStore
from tests.conformance.material import COLLECTION, written

store = SQLiteStore(Path(sys.argv[1]))
for number in range(int(sys.argv[3])):
    text = f"Ann likes {sys.argv[2]}x{number}"
    store.commit(COLLECTION, written(f"{sys.argv[2]} {number}", text, f"shared {number % 3} x"))
    with store.read(COLLECTION) as reader:
        counts = reader.counts()
        assert counts["documents"] == reader.collection.revision, counts
        assert len(list(reader.placements())) == 2 * counts["documents"], counts
        assert len(list(reader.supports())) == counts["supports"], counts
    print(number, flush=True)
store.close()
"""
LEASE = """
import sys
from pathlib import Path
from kg.sqlite import SQLiteStore

store = SQLiteStore(Path(sys.argv[1]))
while tasks := store.lease(worker=sys.argv[2], limit=1, seconds=60):
    print(tasks[0].source, flush=True)
store.close()
"""


def start(script: str, *arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", script, *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def output(process: "subprocess.Popen[str]") -> list[str]:
    found, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return found.splitlines()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    store = SQLiteStore(tmp_path / "ammon.sqlite")
    store.create_collection(COLLECTION, SETTINGS)
    store.close()
    return tmp_path / "ammon.sqlite"


def test_two_processes_that_write_at_once_lose_nothing(path: Path) -> None:
    processes = [start(WRITE, path, name, 25) for name in "pq"]
    for process in processes:
        assert len(output(process)) == 25
    store = SQLiteStore(path)
    assert store.collection(COLLECTION).revision == 50
    assert len(store.fingerprints(COLLECTION)) == 50
    assert {f"{name}x{number}" for name in "pq" for number in range(25)} < names(store)
    store.close()


def test_two_processes_never_lease_the_same_task(path: Path) -> None:
    store = SQLiteStore(path)
    store.enqueue(COLLECTION, [document(f"{number}") for number in range(40)])
    processes = [start(LEASE, path, name) for name in "pq"]
    taken = [source for process in processes for source in output(process)]
    assert sorted(taken, key=int) == [f"{number}" for number in range(40)]
    store.close()


def test_processes_may_make_the_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "new" / "ammon.sqlite"
    for process in [start(LEASE, path, name) for name in "pqr"]:
        assert output(process) == []
    store = SQLiteStore(path)
    assert not store.collections()
    store.close()


@pytest.mark.parametrize("after", [1, 4, 9])
def test_a_process_that_is_killed_leaves_whole_transactions(path: Path, after: int) -> None:
    process = start(WRITE, path, "p", 10_000)
    assert process.stdout is not None
    for _ in range(after):
        process.stdout.readline()
    time.sleep(0.003)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    store = SQLiteStore(path)
    revision = store.collection(COLLECTION).revision
    assert revision >= after
    with store.read(COLLECTION) as reader:
        assert reader.counts()["documents"] == revision
        assert len(list(reader.placements())) == 2 * revision
    assert store.commit(COLLECTION, written("next", "Eve likes Fay")) == revision + 1
    store.close()
    connection = apsw.Connection(str(path))
    assert connection.pragma("integrity_check") == "ok"
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


def test_a_reader_in_one_process_sees_what_another_wrote(path: Path) -> None:
    store = SQLiteStore(path)
    assert names(store) == set()
    assert len(output(start(WRITE, path, "p", 1))) == 1
    assert "ann" in names(store)
    assert store.commit(COLLECTION, written("a", "Ann likes Bob")) == 2
    assert store.document(COLLECTION, graph("p 0").document.id).source == "p 0"
    store.close()
