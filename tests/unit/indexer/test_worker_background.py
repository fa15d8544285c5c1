"""In the background a worker takes in what comes and publishes it, until it is stopped."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from threading import Event, Thread

import pytest
import structlog

from indexer.progress import CUT_SHORT
from indexer.refusals import refusals
from indexer.worker import Worker
from inference.embedder import Kind, Progress
from kg.errors import DependencyMissing, ModelUnavailable, StoreOverloaded
from kg.jobs import TaskState
from kg.records import Passage, SourceDocument
from kg.snapshot import SnapshotFolder
from kg.store import Change
from kg.vectors import Vectors
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.hash_embedder import HashEmbedder
from tests.doubles.waiting import until
from tests.doubles.workshop import COLLECTION, Workshop, note

NOTES = [note(str(number), f"Person{number} met Person{number + 1}.") for number in range(20)]


@dataclass
class Background:
    shop: Workshop
    worker: Worker

    def submit(self, *documents: SourceDocument) -> None:
        self.shop.pipeline.submit(COLLECTION, documents)
        self.worker.wake()

    def published(self) -> int:
        if self.shop.snapshots().current() is None:
            return -1
        return len(self.shop.snapshot().documents.id)


@pytest.fixture
def background(shop: Workshop) -> Iterator[Background]:
    running = shop.worker(threads=2)
    running.start()
    yield Background(shop, running)
    running.stop()


def test_in_the_background_what_is_queued_is_published(background: Background) -> None:
    background.submit(*NOTES)
    until(lambda: background.published() == 20)


def test_in_the_background_a_collection_that_cannot_be_published_holds_up_no_other(
    background: Background, monkeypatch: pytest.MonkeyPatch
) -> None:
    def embedder(dimension: int) -> HashEmbedder:
        if dimension == 13:
            raise DependencyMissing("thirteen", "luck")
        return HashEmbedder(dimension)

    monkeypatch.setattr("tests.doubles.workshop.HashEmbedder", embedder)
    settings = replace(background.shop.settings, embedder="hash-13")
    background.shop.store.create_collection("a name that comes first", settings)
    background.submit(*NOTES[:1])
    until(lambda: background.published() == 1)


def test_in_the_background_why_nothing_is_published_is_told_until_it_is(
    background: Background, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("No space left on device")

    def told() -> list[tuple[str, str]]:
        return [(one.step, one.reason) for one in refusals(background.shop.queue, COLLECTION)]

    with monkeypatch.context() as patch:
        patch.setattr(SnapshotFolder, "write", full)
        background.submit(*NOTES[:1])
        until(lambda: told() == [("publish", "No space left on device")])
    until(lambda: background.published() == 1)
    until(lambda: told() == [])


def test_a_worker_that_stopped_does_not_say_that_it_tries_again(
    background: Background, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(SnapshotFolder, "write", full)
    background.submit(*NOTES[:1])
    until(lambda: len(refusals(background.shop.queue, COLLECTION)) == 1)
    background.worker.stop()
    assert refusals(background.shop.queue, COLLECTION) == []


def test_in_the_background_deletions_are_published(background: Background) -> None:
    background.submit(*NOTES[:2])
    until(lambda: background.published() == 2)
    ids = list(background.shop.store.fingerprints(COLLECTION))
    background.shop.pipeline.delete(COLLECTION, ids[:1])
    background.worker.wake()
    until(lambda: background.published() == 1)


def test_while_tasks_keep_coming_snapshots_are_published_now_and_then(
    background: Background,
) -> None:
    go_on = Event()

    def hold_the_last(passage: Passage) -> str:
        if passage.text == NOTES[-1].text:
            go_on.wait(60)
        return ""

    background.shop.extractor = ScriptedExtractor(hold_the_last)
    background.submit(*NOTES)
    try:
        until(lambda: 0 < background.published() < 20)
    finally:
        go_on.set()
    until(lambda: background.published() == 20)


def test_in_the_background_a_model_that_is_away_holds_up_no_other_collection(
    shop: Workshop,
) -> None:
    def refuse_the_first(passage: Passage) -> str:
        if passage.text.startswith("Person"):
            raise ModelUnavailable("The endpoint refuses.")
        return ""

    shop.extractor = ScriptedExtractor(refuse_the_first)
    shop.store.create_collection("letters", shop.settings)
    shop.pipeline.submit(COLLECTION, NOTES)
    shop.pipeline.submit("letters", [note("a", "Milner met Molaison.")])
    running = shop.worker()
    running.start()
    until(lambda: not shop.queue.waiting("letters"))
    running.stop()
    assert shop.queue.waiting(COLLECTION) == 20


def test_in_the_background_a_fault_of_the_installation_leaves_tasks_waiting(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lack(_: Passage) -> str:
        raise DependencyMissing("spacy", "nlp")

    monkeypatch.setattr("indexer.outages.LONGEST_PAUSE", 0.01)
    shop.extractor = ScriptedExtractor(lack)
    job = shop.pipeline.submit(COLLECTION, NOTES[:1]).job
    running = shop.worker()
    running.start()
    until(lambda: len(shop.extractor.calls) > 6)
    running.stop()
    assert job is not None
    (task,) = shop.queue.tasks(job.id, state=TaskState.QUEUED)
    assert task.attempts == 0
    assert "not installed" in task.error


def test_stopping_finishes_what_was_begun_and_takes_on_nothing_more(shop: Workshop) -> None:
    begun, go_on = Event(), Event()

    def wait_in_the_first(_: Passage) -> str:
        begun.set()
        go_on.wait(60)
        return ""

    shop.extractor = ScriptedExtractor(wait_in_the_first)
    job = shop.pipeline.submit(COLLECTION, NOTES[:3]).job
    running = shop.worker()
    running.start()
    begun.wait(60)
    stopping = Thread(target=running.stop)
    stopping.start()
    until(running._stop.is_set)
    go_on.set()
    stopping.join()
    assert job is not None
    found = shop.queue.job(job.id).counts
    assert found == {TaskState.EXTRACTED: 1, TaskState.QUEUED: 2}


def test_a_worker_that_was_stopped_can_be_started_again(background: Background) -> None:
    background.worker.stop()
    background.worker.start()
    background.submit(NOTES[0])
    until(lambda: background.published() == 1)


class _Endless(HashEmbedder):
    """Embeds, and is never done."""

    begun = Event()

    def embed(self, texts: Sequence[str], kind: Kind, progress: Progress | None = None) -> Vectors:
        self.begun.set()
        while True:
            time.sleep(0.01)
            if progress is not None:
                progress(0)


def test_a_snapshot_that_takes_long_does_not_keep_a_worker_from_ending(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.progress.GRACE_SECONDS", 0.1)
    monkeypatch.setattr("tests.doubles.workshop.HashEmbedder", _Endless)
    worker = shop.worker()
    with structlog.testing.capture_logs() as told:
        worker.start()
        shop.pipeline.submit(COLLECTION, NOTES[:1])
        worker.wake()
        assert _Endless.begun.wait(60)
        began = time.monotonic()
        worker.stop(60.0)
    assert time.monotonic() - began < 30.0
    assert CUT_SHORT in [line["event"] for line in told]
    assert not any(name.startswith("r0000000001") for name in shop.snapshots().names())


def test_in_the_background_a_document_that_is_too_much_for_the_store_holds_up_no_other_collection(
    background: Background, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = background.shop
    shop.store.create_collection("letters", shop.store.collection(COLLECTION).settings)
    commit = shop.store.commit

    def little(collection: str, change: Change) -> int:
        if any(graph.document.source == "0" for graph in change.put):
            raise StoreOverloaded("no memory left")
        return commit(collection, change)

    monkeypatch.setattr(shop.store, "commit", little)
    background.submit(NOTES[0])
    until(lambda: any("no memory" in task.error for task in shop.queue.tasks(_job(shop))))
    shop.pipeline.submit("letters", [NOTES[1]])
    background.worker.wake()
    until(lambda: bool(shop.store.fingerprints("letters")))
    until(lambda: shop.queue.job(_job(shop)).counts == {TaskState.FAILED: 1})


def _job(shop: Workshop) -> str:
    (job,) = shop.queue.jobs(COLLECTION)
    return job.id
