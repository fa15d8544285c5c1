"""Open retrievers follow what is published."""

import gc
import shutil
import weakref
from pathlib import Path

import pytest
import structlog

from kg.errors import SnapshotError
from kg.records import Collection, CollectionSettings
from kg.snapshot import SnapshotFolder
from server.folders import Folders
from server.retrievers import Retrievers
from tests.doubles.hash_embedder import HashEmbedder
from tests.doubles.snapshots import APassage, Handmade

PAPERS = Collection(name="papers", settings=CollectionSettings(embedder="hash-2"))


@pytest.fixture
def folder(tmp_path: Path) -> SnapshotFolder:
    return Folders(tmp_path).snapshots(PAPERS)


@pytest.fixture
def retrievers(tmp_path: Path) -> Retrievers:
    return Retrievers(
        Folders(tmp_path).snapshots,
        lambda settings: HashEmbedder(int(settings.embedder.removeprefix("hash-"))),
    )


def publish(folder: SnapshotFolder, revision: int) -> str:
    made = Handmade(
        passages=[APassage(text=f"revision {revision}")], revision=revision, embedder="hash-2"
    ).snapshot()
    name = folder.write(revision, made.write)
    folder.publish(name)
    return name


def revision(retrievers: Retrievers, collection: Collection = PAPERS) -> int | None:
    found = retrievers.get(collection)
    return None if found is None else found.snapshot.revision


def test_without_a_snapshot_there_is_none(retrievers: Retrievers) -> None:
    assert retrievers.get(PAPERS) is None


def test_a_retriever_is_opened_once(retrievers: Retrievers, folder: SnapshotFolder) -> None:
    publish(folder, 1)
    assert retrievers.get(PAPERS) is retrievers.get(PAPERS)


def test_what_is_published_is_noticed(retrievers: Retrievers, folder: SnapshotFolder) -> None:
    publish(folder, 1)
    assert revision(retrievers) == 1
    publish(folder, 2)
    assert revision(retrievers) == 2


def test_a_roll_back_is_noticed(retrievers: Retrievers, folder: SnapshotFolder) -> None:
    first = publish(folder, 1)
    publish(folder, 2)
    assert revision(retrievers) == 2
    folder.publish(first)
    assert revision(retrievers) == 1


def test_a_running_question_keeps_its_snapshot(
    retrievers: Retrievers, folder: SnapshotFolder
) -> None:
    publish(folder, 1)
    old = retrievers.get(PAPERS)
    assert old is not None
    for later in (2, 3, 4):
        publish(folder, later)
        folder.prune(1)
    assert revision(retrievers) == 4
    assert old.search("which?", mode="dense").hits[0].text == "revision 1"


def test_a_damaged_snapshot_leaves_the_one_before_in_service(
    retrievers: Retrievers, folder: SnapshotFolder
) -> None:
    publish(folder, 1)
    assert revision(retrievers) == 1
    damaged = folder.path / publish(folder, 2)
    (damaged / "passages.text.data.npy").write_bytes(b"rubbish")
    assert revision(retrievers) == 1


def test_a_damaged_snapshot_is_opened_once_and_told_of_once(
    retrievers: Retrievers, folder: SnapshotFolder
) -> None:
    publish(folder, 1)
    assert revision(retrievers) == 1
    name = publish(folder, 2)
    data = folder.path / name / "passages.text.data.npy"
    whole = data.read_bytes()
    data.write_bytes(b"rubbish")
    with structlog.testing.capture_logs() as told:
        assert revision(retrievers) == 1
        data.write_bytes(whole)
        assert revision(retrievers) == 1
    assert [line["log_level"] for line in told] == ["error"]
    publish(folder, 3)
    assert revision(retrievers) == 3
    folder.publish(name)
    assert revision(retrievers) == 2


def test_a_damaged_snapshot_alone_is_refused(
    retrievers: Retrievers, folder: SnapshotFolder
) -> None:
    damaged = folder.path / publish(folder, 1)
    (damaged / "passages.text.data.npy").write_bytes(b"rubbish")
    with pytest.raises(SnapshotError, match="ammon rebuild"):
        retrievers.get(PAPERS)


def test_the_former_embedders_snapshot_serves_until_there_is_another(
    retrievers: Retrievers, folder: SnapshotFolder
) -> None:
    publish(folder, 1)
    assert revision(retrievers) == 1
    changed = Collection(name="papers", settings=CollectionSettings(embedder="hash-4"))
    assert revision(retrievers, changed) == 1


def test_what_is_forgotten_is_let_go(retrievers: Retrievers, folder: SnapshotFolder) -> None:
    publish(folder, 1)
    old = weakref.ref(retrievers.get(PAPERS))
    retrievers.forget("papers")
    gc.collect()
    assert old() is None
    assert revision(retrievers) == 1


def test_a_deleted_collection_is_not_served(
    retrievers: Retrievers, folder: SnapshotFolder, tmp_path: Path
) -> None:
    publish(folder, 1)
    assert revision(retrievers) == 1
    shutil.rmtree(folder.path)
    assert revision(retrievers) is None
