"""A copy of a collection gets the snapshot of the original, once."""

from dataclasses import replace
from pathlib import Path

import structlog

from kg.records import Collection, CollectionSettings
from kg.snapshot import SnapshotFolder
from server.folders import Folders
from server.migration import copy_snapshots
from tests.doubles.snapshots import APassage, Handmade

SOURCE = Collection(
    name="papers", revision=3, settings=CollectionSettings(embedder="hash-2"), identity="1a"
)
COPY = replace(SOURCE, identity="2b")


def publish(folder: SnapshotFolder, revision: int) -> str:
    made = Handmade(
        passages=[APassage(text=f"revision {revision}")], revision=revision, embedder="hash-2"
    ).snapshot()
    name = folder.write(revision, made.write)
    folder.publish(name)
    return name


def places(root: Path) -> tuple[SnapshotFolder, SnapshotFolder]:
    folders = Folders(root)
    return (
        SnapshotFolder(folders.snapshots(SOURCE).path),
        SnapshotFolder(folders.snapshots(COPY).path),
    )


def test_every_byte_is_copied(tmp_path: Path) -> None:
    one, other = places(tmp_path)
    publish(one, 3)
    copy_snapshots(Folders(tmp_path).snapshots, SOURCE, COPY)
    assert other.open().manifest == one.open().manifest


def test_so_is_that_of_the_former_embedder(tmp_path: Path) -> None:
    one, other = places(tmp_path)
    publish(one, 2)
    changed = CollectionSettings(embedder="hash-4", former_embedder="hash-2")
    source, copy = (replace(each, settings=changed) for each in (SOURCE, COPY))
    copy_snapshots(Folders(tmp_path).snapshots, source, copy)
    assert other.open().manifest.revision == 2


def test_what_the_copy_has_already_stays(tmp_path: Path) -> None:
    one, other = places(tmp_path)
    publish(one, 3)
    own = publish(other, 2)
    copy_snapshots(Folders(tmp_path).snapshots, SOURCE, COPY)
    assert other.names() == [own]


def test_what_the_original_published_since_is_not_the_copys(tmp_path: Path) -> None:
    one, other = places(tmp_path)
    publish(one, 4)
    copy_snapshots(Folders(tmp_path).snapshots, SOURCE, COPY)
    assert other.current() is None


def test_damage_is_not_handed_on_but_told(tmp_path: Path) -> None:
    one, other = places(tmp_path)
    (one.path / publish(one, 3) / "passages.text.data.npy").write_bytes(b"rubbish")
    with structlog.testing.capture_logs() as told:
        copy_snapshots(Folders(tmp_path).snapshots, SOURCE, COPY)
    assert [line["event"] for line in told] == ["snapshot not copied, it will be built anew"]
    assert (other.names(), other.current()) == ([], None)
