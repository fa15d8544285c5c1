"""Where things lie."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from kg.errors import SnapshotUnavailable
from kg.lock import file_lock
from kg.records import Collection, CollectionSettings
from kg.snapshot import SnapshotFolder
from kg.snapshot.objects import Objects
from kg.snapshot.urls import open_objects
from server.folders import Folders, slug

PAPERS = Collection(name="papers")


@pytest.mark.parametrize(
    "name", ["papers", "память", "記憶", "a b", "..", "A", "a", "x" * 100, "a/b"]
)
def test_a_slug_is_safe_everywhere(name: str) -> None:
    made = slug(name)
    assert made.isascii()
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert 0 < len(made) <= 50


def test_different_names_have_different_slugs() -> None:
    names = ["a b", "a-b", "a_b", "A b", "記憶", "忘却"]
    assert len({slug(name) for name in names}) == len(names)


def test_each_embedder_has_snapshots_of_its_own(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    one = Collection(name="papers", settings=CollectionSettings(embedder="minilm"))
    other = Collection(name="papers", settings=CollectionSettings(embedder="openai:m"))
    assert folders.snapshots(one).path.parent == folders.snapshots(other).path.parent
    assert folders.snapshots(one).path != folders.snapshots(other).path


def test_what_was_published_before_there_were_identities_is_found(tmp_path: Path) -> None:
    found = Folders(tmp_path).snapshots(Collection(name="papers"))
    assert found.path == tmp_path / "collections" / slug("papers") / "snapshots" / slug("minilm")


def test_collections_of_one_name_share_no_snapshots(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    one, other = (copied(folders, replace(PAPERS, identity=mark)) for mark in ("1a", "2b"))
    folders.clear(replace(PAPERS, identity="1a"))
    folders.clear(PAPERS)
    assert (one.current(), other.current()) == (None, "r0000000001-00000000")


@pytest.fixture
def far(tmp_path: Path) -> Objects:
    (tmp_path / "far" / "collections").mkdir(parents=True)
    return open_objects((tmp_path / "far").as_uri(), {})


def copied(folders: Folders, collection: Collection = PAPERS) -> SnapshotFolder:
    """A collection's folder, with a snapshot in it."""
    folder = SnapshotFolder(folders.snapshots(collection).path)
    (folder.path / "r0000000001-00000000").mkdir(parents=True)
    (folder.path / "CURRENT").write_text("r0000000001-00000000", encoding="utf-8")
    return folder


def test_copies_of_snapshots_go_with_their_collection(tmp_path: Path, far: Objects) -> None:
    folders = Folders(tmp_path / "here", far)
    kept, gone = copied(folders), copied(folders, Collection(name="old papers"))
    before = copied(folders, replace(PAPERS, identity="1a"))
    assert folders.sweep(lambda: [PAPERS]) == 2
    assert (kept.current(), gone.current()) == ("r0000000001-00000000", None)
    assert gone.names() == before.names() == []
    assert folders.sweep(lambda: [PAPERS]) == 0


def test_copies_of_another_stores_snapshots_stay(tmp_path: Path, far: Objects) -> None:
    folders = Folders(tmp_path / "here", far)
    others = copied(folders)
    far.write(f"collections/{slug('papers')}/snapshots/{slug('minilm')}/CURRENT", b"r0000000001-00")
    assert folders.sweep(list) == 0
    assert others.current()


def test_a_copy_that_somebody_is_at_stays(tmp_path: Path, far: Objects) -> None:
    folders = Folders(tmp_path / "here", far)
    gone = copied(folders)
    with file_lock(gone.lock):
        assert folders.sweep(list) == 0
    assert folders.sweep(list) == 1


def test_what_is_no_copy_stays_whatever_the_store_has(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    only = copied(folders)
    assert folders.sweep(list) == 0
    assert only.current()


def test_clearing_removes_snapshots_of_every_embedder(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    found = [
        folders.snapshots(Collection(name="papers", settings=CollectionSettings(embedder=name)))
        for name in ("minilm", "openai:m")
    ]
    for folder in found:
        (folder.path / "r0000000001-00000000").mkdir(parents=True)
        (folder.path / "CURRENT").write_text("r0000000001-00000000", encoding="utf-8")
    folders.clear(PAPERS)
    assert [(folder.names(), folder.current()) for folder in found] == [([], None)] * 2


def test_of_a_collection_that_is_gone_nothing_is_left(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    snapshots = copied(folders)
    for lock in (snapshots.lock, snapshots.path / "pointer.lock"):
        with file_lock(lock):
            pass
    folders.clear(PAPERS)
    assert list((tmp_path / "collections").iterdir()) == []


def test_of_copies_that_are_gone_nothing_is_left(tmp_path: Path, far: Objects) -> None:
    folders = Folders(tmp_path, far)
    with file_lock(copied(folders).path / "fetch.lock"):
        folders.sweep(list)
        assert list((tmp_path / "collections").rglob("*.lock")), "somebody is at it"
    folders.sweep(list)
    assert list((tmp_path / "collections").iterdir()) == []


def test_of_a_share_that_is_not_mounted_nothing_is_forgotten(tmp_path: Path) -> None:
    folders = Folders(tmp_path / "here", open_objects((tmp_path / "far").as_uri(), {}))
    copies = copied(folders)
    with pytest.raises(SnapshotUnavailable, match="Mount it"):
        folders.clear(PAPERS)
    assert copies.current()
    assert not (tmp_path / "far").exists()


def test_a_folder_may_be_made_while_it_is_cleared(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    snapshots = SnapshotFolder(folders.snapshots(Collection(name="papers")).path)

    def build() -> None:
        for number in range(100):
            with file_lock(snapshots.lock):
                made = snapshots.path / f"r{number:010d}"
                made.mkdir()
                assert made.is_dir()
                made.rmdir()

    with ThreadPoolExecutor() as pool:
        building = [pool.submit(build) for _ in range(2)]
        while not all(one.done() for one in building):
            folders.clear(PAPERS)
        for one in building:
            one.result()


def test_clearing_what_was_never_there_does_nothing(tmp_path: Path) -> None:
    Folders(tmp_path).clear(PAPERS)


@pytest.mark.parametrize("identity", ["../../elsewhere", "a/b", "A", "x" * 33, "\n"])
def test_an_identity_that_no_store_makes_leads_nowhere(identity: str) -> None:
    assert slug("papers", identity) == slug("papers")
