"""Open retrievers follow what is published."""

import gc
import itertools
import shutil
import time
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import structlog

from kg.errors import SnapshotError, SnapshotUnavailable
from kg.records import Collection, CollectionSettings
from kg.snapshot import SnapshotFolder, background
from server.folders import Folders
from server.retrievers.retrievers import POLL_SECONDS, Retrievers
from tests.doubles.hash_embedder import HashEmbedder
from tests.doubles.snapshots import APassage, Handmade
from tests.doubles.waiting import until

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


@pytest.fixture
def watching(retrievers: Retrievers) -> Iterator[Retrievers]:
    retrievers.watch(lambda: [PAPERS])
    yield retrievers
    retrievers.stop()


def test_a_watch_notices_what_is_published(watching: Retrievers, folder: SnapshotFolder) -> None:
    publish(folder, 1)
    assert revision(watching) == 1
    publish(folder, 2)
    until(lambda: revision(watching) == 2)


def test_a_watch_opens_before_it_swaps(watching: Retrievers, folder: SnapshotFolder) -> None:
    """What the new one has to prepare is prepared when the first question comes to it."""
    publish(folder, 1)
    old = watching.get(PAPERS)
    assert old is not None
    old.search("which?", mode="dense")
    publish(folder, 2)
    until(lambda: watching.get(PAPERS) is not old)
    fresh = watching.get(PAPERS)
    assert fresh is not None
    assert fresh.prepared == ("dense",)


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The sleeps between the steps of opening, of which each takes a second."""
    sleeps: list[float] = []
    fake = SimpleNamespace(sleep=sleeps.append, perf_counter=itertools.count().__next__)
    monkeypatch.setattr(background, "time", fake)
    return sleeps


def test_a_snapshot_that_a_question_waits_for_is_opened_in_a_hurry(
    retrievers: Retrievers, folder: SnapshotFolder, slept: list[float]
) -> None:
    for number in (1, 2):
        publish(folder, number)
        assert revision(retrievers) == number
    assert slept == []


def test_a_snapshot_that_nobody_waits_for_lets_questions_go_first(
    watching: Retrievers, folder: SnapshotFolder, slept: list[float]
) -> None:
    publish(folder, 1)
    assert revision(watching) == 1
    assert slept == []
    publish(folder, 2)
    watching.refresh(PAPERS)
    files = len(folder.open().manifest.files)
    assert len(slept) >= 2 * files  # to be checked, and to be mapped


def test_no_question_is_the_last_that_holds_what_was_swapped(
    retrievers: Retrievers, folder: SnapshotFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.retrievers.retrievers.POLL_SECONDS", 3600.0)
    retrievers.watch(lambda: [PAPERS])
    publish(folder, 1)
    old = weakref.ref(retrievers.get(PAPERS))
    publish(folder, 2)
    retrievers.refresh(PAPERS)
    gc.collect()
    assert revision(retrievers) == 2
    assert old() is not None
    retrievers.stop()


def test_a_watch_lets_go_of_what_was_swapped(watching: Retrievers, folder: SnapshotFolder) -> None:
    publish(folder, 1)
    old = weakref.ref(watching.get(PAPERS))
    publish(folder, 2)
    watching.refresh(PAPERS)
    until(lambda: gc.collect() >= 0 and old() is None)


def test_no_question_of_a_watched_collection_looks_at_the_pointer(
    retrievers: Retrievers, folder: SnapshotFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.retrievers.retrievers.POLL_SECONDS", 3600.0)
    retrievers.watch(lambda: [PAPERS])
    publish(folder, 1)
    assert revision(retrievers) == 1
    publish(folder, 2)
    assert revision(retrievers) == 1
    retrievers.stop()


def test_what_is_published_here_is_seen_at_once(
    watching: Retrievers, folder: SnapshotFolder
) -> None:
    publish(folder, 1)
    assert revision(watching) == 1
    publish(folder, 2)
    watching.refresh(PAPERS)
    assert revision(watching) == 2


def test_a_watch_survives_what_goes_wrong(watching: Retrievers, folder: SnapshotFolder) -> None:
    publish(folder, 1)
    assert revision(watching) == 1
    pointer = folder.path / "CURRENT"
    pointer.unlink()
    pointer.mkdir()
    time.sleep(2 * POLL_SECONDS)
    assert revision(watching) == 1
    pointer.rmdir()
    publish(folder, 2)
    until(lambda: revision(watching) == 2)


def test_what_goes_wrong_again_and_again_is_told_of_once(
    watching: Retrievers, folder: SnapshotFolder
) -> None:
    publish(folder, 1)
    assert revision(watching) == 1
    with structlog.testing.capture_logs() as told:
        (folder.path / "CURRENT").write_bytes(b"\xff\xfe\0")
        until(lambda: bool(told))
        time.sleep(2 * POLL_SECONDS)
    assert revision(watching) == 1
    assert [line["event"] for line in told] == ["could not look for new snapshots"]


def test_a_pointer_to_no_snapshot_counts_as_none(
    retrievers: Retrievers, folder: SnapshotFolder
) -> None:
    publish(folder, 1)
    (folder.path / "CURRENT").write_bytes(b"nope")
    assert retrievers.revision(PAPERS) == -1


def test_a_watched_collection_that_was_deleted_is_let_go(
    watching: Retrievers, folder: SnapshotFolder
) -> None:
    publish(folder, 1)
    assert revision(watching) == 1
    folder.clear()
    until(lambda: revision(watching) is None)


def test_a_watched_collection_that_was_made_anew_is_not_answered_from_the_old_one(
    watching: Retrievers, folder: SnapshotFolder, tmp_path: Path
) -> None:
    publish(folder, 2)
    assert revision(watching) == 2
    anew = replace(PAPERS, identity="1a")
    assert revision(watching, anew) is None
    publish(Folders(tmp_path).snapshots(anew), 1)
    assert revision(watching, anew) == 1


def test_the_revision_that_questions_see_is_told(
    watching: Retrievers, folder: SnapshotFolder
) -> None:
    assert watching.revision(PAPERS) == -1
    publish(folder, 7)
    assert watching.revision(PAPERS) == 7  # of the snapshot that a first question would open
    watching.get(PAPERS)
    assert watching.revision(PAPERS) == 7


def test_a_server_that_starts_while_an_embedder_is_changed_answers_as_before(
    retrievers: Retrievers, folder: SnapshotFolder, tmp_path: Path
) -> None:
    publish(folder, 3)
    changed = replace(
        PAPERS, settings=CollectionSettings(embedder="hash-4", former_embedder="hash-2")
    )
    assert revision(retrievers, changed) == 3
    assert revision(retrievers, changed) == 3
    assert retrievers.revision(changed) == 3
    newer = Handmade(passages=[APassage(text="the same")], revision=4, embedder="hash-4").snapshot()
    of_new = Folders(tmp_path).snapshots(changed)
    of_new.publish(of_new.write(4, newer.write))
    assert revision(retrievers, changed) == 4
    assert retrievers.revision(changed) == 4


def test_what_was_out_of_reach_once_is_looked_at_again(
    retrievers: Retrievers, folder: SnapshotFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(folder, 1)
    assert revision(retrievers) == 1
    publish(folder, 2)

    def away(*_: object, **__: object) -> None:
        raise SnapshotUnavailable("The place is away.")

    with monkeypatch.context() as patched:
        patched.setattr(SnapshotFolder, "open", away)
        assert revision(retrievers) == 1
    assert revision(retrievers) == 2
