import errno
import os
from pathlib import Path

import numpy as np
import pytest

from kg.errors import SnapshotDamaged, SnapshotError, SnapshotMissing
from kg.snapshot import SnapshotFolder, SnapshotWriter


@pytest.fixture
def folder(tmp_path: Path) -> SnapshotFolder:
    return SnapshotFolder(tmp_path / "snapshots")


def fill(writer: SnapshotWriter) -> None:
    writer.put("numbers", np.arange(100))
    writer.finish(collection="c", revision=1, models={}, counts={}, properties={})


def write(folder: SnapshotFolder, revision: int) -> str:
    return folder.write(revision, fill)


def test_an_empty_folder_has_no_snapshot(folder: SnapshotFolder) -> None:
    assert (folder.current(), folder.names(), folder.prune()) == (None, [], [])
    with pytest.raises(
        SnapshotMissing, match=r"Ingest a document.*ammon rebuild --collection NAME"
    ):
        folder.open()


def test_what_is_written_is_not_yet_published(folder: SnapshotFolder) -> None:
    name = write(folder, 1)
    assert folder.names() == [name]
    assert folder.current() is None


def test_what_is_published_is_opened(folder: SnapshotFolder) -> None:
    name = write(folder, 1)
    folder.publish(name)
    assert folder.current() == name
    assert folder.open().path.name == name


def test_names_are_in_order_of_revision(folder: SnapshotFolder) -> None:
    names = [write(folder, revision) for revision in (2, 10, 9)]
    assert folder.names() == [names[0], names[2], names[1]]


def test_two_snapshots_of_one_revision_have_two_names(folder: SnapshotFolder) -> None:
    assert len({write(folder, 1), write(folder, 1)}) == 2


def test_a_snapshot_that_fails_half_way_leaves_nothing(folder: SnapshotFolder) -> None:
    def fail(writer: SnapshotWriter) -> None:
        writer.put("numbers", np.arange(100))
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        folder.write(1, fail)
    assert list(folder.path.iterdir()) == []


def test_a_damaged_snapshot_is_not_published(folder: SnapshotFolder) -> None:
    good, bad = write(folder, 1), write(folder, 2)
    folder.publish(good)
    (folder.path / bad / "numbers.npy").unlink()
    with pytest.raises(SnapshotDamaged):
        folder.publish(bad)
    assert folder.current() == good


def test_a_missing_snapshot_is_not_published(folder: SnapshotFolder) -> None:
    folder.publish(write(folder, 1))
    with pytest.raises(SnapshotDamaged):
        folder.publish("r0000000009-none")
    assert folder.open().manifest.collection == "c"


def test_publishing_is_one_step(folder: SnapshotFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever dies before the pointer's replacement leaves the old one, whole."""
    old, new = write(folder, 1), write(folder, 2)
    folder.publish(old)

    def die(self: Path, target: Path) -> None:
        assert self.read_text(encoding="utf-8") == new
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", die)
    with pytest.raises(KeyboardInterrupt):
        folder.publish(new)
    assert folder.current() == old
    assert folder.open().path.name == old


def test_a_pointer_is_synced_before_it_counts(
    folder: SnapshotFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = write(folder, 1)
    steps: list[str] = []
    sync, replace = os.fsync, Path.replace

    def note_sync(descriptor: int) -> None:
        steps.append("sync")
        sync(descriptor)

    def note_replace(self: Path, target: Path) -> Path:
        steps.append("replace")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(Path, "replace", note_replace)
    folder.publish(name)
    assert steps == ["sync", "replace", "sync"]


def test_an_older_snapshot_can_be_published_again(folder: SnapshotFolder) -> None:
    old, new = write(folder, 1), write(folder, 2)
    folder.publish(new)
    folder.publish(old)
    assert folder.open().path.name == old


def test_an_older_snapshot_can_be_opened_by_name(folder: SnapshotFolder) -> None:
    old, new = write(folder, 1), write(folder, 2)
    folder.publish(new)
    assert folder.open(old).path.name == old


def test_pruning_keeps_the_newest(folder: SnapshotFolder) -> None:
    names = [write(folder, revision) for revision in range(4)]
    folder.publish(names[3])
    assert folder.prune(keep=2) == names[:2]
    assert folder.names() == names[2:]


def test_pruning_keeps_the_current_one_however_old(folder: SnapshotFolder) -> None:
    names = [write(folder, revision) for revision in range(4)]
    folder.publish(names[0])
    assert folder.prune(keep=1) == names[1:3]
    assert folder.names() == [names[0], names[3]]
    folder.open()


def test_what_is_open_stays_usable_after_pruning(folder: SnapshotFolder) -> None:
    old, new = write(folder, 1), write(folder, 2)
    numbers = folder.open(old).array("numbers")
    folder.publish(new)
    folder.prune(keep=1)
    assert not (folder.path / old).exists()
    assert int(numbers.sum()) == 4950


def test_a_pointer_to_what_is_gone_says_so(folder: SnapshotFolder) -> None:
    name = write(folder, 1)
    folder.publish(name)
    folder.prune(keep=1)
    (folder.path / name).rename(folder.path / "elsewhere")
    with pytest.raises(SnapshotMissing, match=name):
        folder.open()


def test_a_full_disk_names_the_folder(folder: SnapshotFolder) -> None:
    def full(_: SnapshotWriter) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(SnapshotError, match=r"snapshots: No space left on device"):
        folder.write(1, full)
    assert folder.names() == []
