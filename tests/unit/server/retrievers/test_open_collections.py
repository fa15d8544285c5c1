"""However many collections are asked, a process has only so many of them, and of files, open."""

import gc
import subprocess
import sys
import weakref
from pathlib import Path

import pytest

from kg.errors import SnapshotUnavailable, TooManyFiles
from kg.records import Collection, CollectionSettings
from kg.snapshot import SnapshotFolder
from server.retrievers import Retrievers
from tests.doubles.hash_embedder import HashEmbedder
from tests.doubles.snapshots import APassage, Handmade

LOW = 256
"""Files that a process of these tests may have open."""


@pytest.fixture
def folder(tmp_path: Path) -> SnapshotFolder:
    """One snapshot, which stands for those of all collections here."""
    made = Handmade(passages=[APassage(text="a maze")], revision=1, embedder="hash-2").snapshot()
    folder = SnapshotFolder(tmp_path)
    folder.publish(folder.write(1, made.write))
    return folder


def named(name: str) -> Collection:
    return Collection(name=name, settings=CollectionSettings(embedder="hash-2"))


def retrievers_of(folder: SnapshotFolder, most: int = 256) -> Retrievers:
    return Retrievers(lambda _: folder, lambda _: HashEmbedder(2), most=most)


def test_the_collection_asked_for_longest_ago_is_closed(folder: SnapshotFolder) -> None:
    retrievers = retrievers_of(folder, most=2)
    first, second = (retrievers.get(named(name)) for name in ("first", "second"))
    assert retrievers.get(named("first")) is first
    retrievers.get(named("third"))
    assert retrievers.get(named("first")) is first
    assert retrievers.get(named("second")) is not second


def test_what_is_closed_is_let_go_of(folder: SnapshotFolder) -> None:
    retrievers = retrievers_of(folder, most=1)
    closed = retrievers.get(named("first"))
    assert closed is not None
    closed.search("maze")
    seen = weakref.ref(closed.snapshot.passages.vectors)
    retrievers.get(named("second"))
    assert closed.search("maze", mode="dense").hits, "a question under way ends with what it has"
    gc.disable()
    try:
        del closed
        assert seen() is None
    finally:
        gc.enable()


def run(folder: SnapshotFolder, script: str) -> list[str]:
    """What a process says that may have few files open."""
    start = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, ({LOW}, {LOW}))
from pathlib import Path
from kg.errors import TooManyFiles
from kg.snapshot import SnapshotFolder, mapping
from tests.unit.server.retrievers.test_open_collections import named, retrievers_of
retrievers = retrievers_of(SnapshotFolder(Path(sys.argv[1])))
"""
    done = subprocess.run(
        [sys.executable, "-c", start + script, str(folder.path)],
        cwd=Path(__file__).parents[4],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_hundreds_of_small_collections_are_open_at_once(folder: SnapshotFolder) -> None:
    script = """
kept = [retrievers.get(named(f"c{number}")) for number in range(250)]
print(sum(retrievers.get(named(f"c{number}")) is kept[number] for number in range(250)))
"""
    assert run(folder, script) == ["250"]


def test_large_collections_are_closed_before_files_run_out(folder: SnapshotFolder) -> None:
    script = """
mapping.READ_UP_TO_BYTES = 0
for number in range(30):
    print(len(retrievers.get(named(f"c{number}")).search("maze", mode="bm25").hits))
"""
    assert run(folder, script) == ["1"] * 30


def test_where_files_run_out_the_remedy_is_told(folder: SnapshotFolder) -> None:
    script = """
mapping.READ_UP_TO_BYTES = 0
in_use = []
try:
    for number in range(30):
        in_use.append(retrievers.get(named(f"c{number}")))
except TooManyFiles as error:
    print(error)
number = len(in_use)
in_use.clear()
print(retrievers.get(named(f"c{number}")).search("maze", mode="bm25").hits[0].text)
"""
    told, answer = run(folder, script)
    assert "reached its limit of open files" in told
    assert "ulimit -n" in told
    assert "AMMON_OPEN_COLLECTIONS" in told
    assert answer == "a maze", "it is not taken for damaged"


def test_that_is_an_error_for_a_while() -> None:
    assert issubclass(TooManyFiles, SnapshotUnavailable)
    assert TooManyFiles.is_told_by(OSError(24, "Too many open files"))
    assert not TooManyFiles.is_told_by(FileNotFoundError(2, "gone"))


def test_a_server_may_have_as_many_files_open_as_the_system_allows() -> None:
    script = """
import resource
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
from server.descriptors import few_left, raise_limit
print(few_left())
raise_limit()
print(few_left(), resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= min(hard, 65_536))
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[4],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["True", "False", "True"], done.stderr
