"""The contents of large snapshots are checked while they serve."""

import os
import time
from pathlib import Path
from threading import Event

import pytest
import structlog

from kg.errors import SnapshotDamaged
from kg.records import Collection, CollectionSettings
from kg.snapshot import SnapshotFolder
from server.folders import Folders
from server.retrievers import Retrievers, soundness
from tests.doubles.hash_embedder import HashEmbedder
from tests.doubles.snapshots import APassage, Handmade
from tests.doubles.waiting import until

PAPERS = Collection(name="papers", settings=CollectionSettings(embedder="hash-2"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SnapshotFolder:
    """With a snapshot, and every snapshot is large."""
    monkeypatch.setattr(soundness, "VERIFY_UP_TO_BYTES", 0)
    folder = SnapshotFolder(Folders(tmp_path).snapshots(PAPERS).path)
    made = Handmade(passages=[APassage(text="one")], revision=1, embedder="hash-2").snapshot()
    folder.publish(folder.write(1, made.write))
    return folder


def current(folder: SnapshotFolder) -> Path:
    return folder.path / str(folder.current())


def damage(snapshot: Path) -> None:
    file = snapshot / "passages.text.data.npy"
    file.write_bytes(file.read_bytes()[:-1] + b"?")


def test_what_is_damaged_is_told_with_the_remedy(folder: SnapshotFolder) -> None:
    damage(current(folder))
    with pytest.raises(SnapshotDamaged, match=r"text\.data\.npy is damaged.*ammon rebuild"):
        soundness.see_sound(current(folder), Event())


def test_what_was_found_sound_is_trusted_for_a_day(folder: SnapshotFolder) -> None:
    soundness.see_sound(current(folder), Event())
    damage(current(folder))
    soundness.see_sound(current(folder), Event())
    yesterday = time.time() - 25 * 3600
    os.utime(current(folder) / "verified", (yesterday, yesterday))
    with pytest.raises(SnapshotDamaged):
        soundness.see_sound(current(folder), Event())


def test_small_ones_were_checked_when_they_were_opened(
    folder: SnapshotFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    damage(current(folder))
    soundness.see_sound(current(folder), Event())
    assert not (current(folder) / "verified").exists()


def test_nothing_is_read_to_the_end_once_the_server_ends(folder: SnapshotFolder) -> None:
    stop = Event()
    stop.set()
    with pytest.raises(soundness.Stopped):
        soundness.see_sound(current(folder), stop)
    assert not (current(folder) / "verified").exists()


def test_a_server_stops_using_what_is_damaged_and_any_builder_sees_it(
    folder: SnapshotFolder, tmp_path: Path
) -> None:
    retrievers = Retrievers(Folders(tmp_path).snapshots, lambda _: HashEmbedder(2))
    assert retrievers.get(PAPERS) is not None
    damage(current(folder))
    with structlog.testing.capture_logs() as told:
        retrievers.watch(list)
        until(lambda: bool(told))
    with pytest.raises(SnapshotDamaged):
        retrievers.get(PAPERS)
    retrievers.stop()
    assert [line["event"] for line in told] == ["snapshot damaged, no longer used"]
    with pytest.raises(SnapshotDamaged):
        folder.manifest(str(folder.current()))
