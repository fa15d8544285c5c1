"""A local folder: what it does beyond `tests/conformance/snapshots.py`."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from kg.errors import SnapshotDamaged, SnapshotMissing, SnapshotUnavailable
from kg.lock import file_lock
from kg.snapshot import SnapshotFolder, SnapshotWriter


@pytest.fixture
def folder(tmp_path: Path) -> SnapshotFolder:
    return SnapshotFolder(tmp_path / "snapshots")


def fill(writer: SnapshotWriter) -> None:
    writer.put("numbers", np.arange(100))
    writer.finish(collection="c", revision=1, models={}, counts={}, properties={})


def write(folder: SnapshotFolder, revision: int) -> str:
    return folder.write(revision, fill)


def test_a_damaged_snapshot_is_not_published(folder: SnapshotFolder) -> None:
    good, bad = write(folder, 1), write(folder, 2)
    folder.publish(good)
    (folder.path / bad / "numbers.npy").unlink()
    with pytest.raises(SnapshotDamaged):
        folder.publish(bad)
    assert folder.current() == good


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


def test_one_that_is_just_being_published_again_is_not_pruned(folder: SnapshotFolder) -> None:
    older, newer = write(folder, 1), write(folder, 2)
    folder.publish(newer)
    with ThreadPoolExecutor(1) as others:
        with file_lock(folder.path / "pointer.lock"):
            pruned = others.submit(folder.prune, 1)
            with pytest.raises(TimeoutError):
                pruned.result(timeout=0.2)
            (folder.path / "CURRENT").write_text(older, encoding="utf-8")  # as who holds the lock
        assert pruned.result() == []
    assert folder.open().manifest.revision == 1


def test_a_pointer_to_what_is_gone_says_so(folder: SnapshotFolder) -> None:
    name = write(folder, 1)
    folder.publish(name)
    folder.prune(keep=1)
    (folder.path / name).rename(folder.path / "elsewhere")
    with pytest.raises(SnapshotMissing, match=name):
        folder.open()


def test_a_file_in_place_of_the_folder_is_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "collections").write_text("no folder", encoding="utf-8")
    with pytest.raises(SnapshotUnavailable, match=r"Cannot open .*CURRENT.*Check that the fold"):
        SnapshotFolder(tmp_path / "collections" / "papers").current()
