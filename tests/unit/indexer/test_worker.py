"""The worker takes all that waits into the graph, publishes it, and leaves nothing held."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Thread

import pytest
from structlog.testing import capture_logs

from indexer.ingester import Processed
from indexer.progress import StepProgress
from indexer.worker import Worker
from kg.errors import DependencyMissing, ModelUnavailable
from kg.jobs import TaskState
from kg.records import Passage, SourceDocument
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.hash_embedder import HashEmbedder
from tests.doubles.workshop import COLLECTION, Workshop, note

NOTES = [note(str(number), f"Person{number} met Person{number + 1}.") for number in range(20)]


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(folder=tmp_path)


def worker(shop: Workshop, *, threads: int = 1, lease_seconds: float = 60.0) -> Worker:
    return Worker(
        shop.pipeline,
        threads=threads,
        lease_seconds=lease_seconds,
        poll_seconds=0.02,
        publish_seconds=0.05,
    )


def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


@pytest.mark.parametrize("threads", [1, 3])
def test_a_run_indexes_and_publishes_all_that_waits(shop: Workshop, threads: int) -> None:
    shop.pipeline.submit(COLLECTION, NOTES)
    assert worker(shop, threads=threads).run_until_empty() == Processed(done=20)
    assert len(shop.snapshot().documents.id) == 20
    assert shop.queue.waiting() == 0


def test_a_run_with_nothing_to_do_publishes_what_is_not_published(shop: Workshop) -> None:
    shop.ingest(*NOTES)
    assert worker(shop).run_until_empty() == Processed()
    assert len(shop.snapshot().documents.id) == 20


def test_a_run_for_one_collection_leaves_the_others_alone(shop: Workshop) -> None:
    shop.store.create_collection("letters", shop.store.collection(COLLECTION).settings)
    shop.pipeline.submit("letters", NOTES[:1])
    shop.pipeline.submit(COLLECTION, NOTES[:2])
    assert worker(shop).run_until_empty(COLLECTION) == Processed(done=2)
    assert shop.queue.waiting("letters") == 1


def test_progress_ends_with_all_documents_done(shop: Workshop) -> None:
    shop.pipeline.submit(COLLECTION, NOTES)
    steps: list[StepProgress] = []
    worker(shop).run_until_empty(progress=steps.append)
    extract = [step for step in steps if step.step == "extract"]
    assert extract[-1] == StepProgress(step="extract", done=20, total=20)
    assert all(step.total == 20 for step in extract)
    assert {step.step for step in steps} >= {"extract", "synonyms", "embed passages"}


def test_the_first_batch_is_small(shop: Workshop) -> None:
    shop.pipeline.submit(COLLECTION, NOTES)
    steps: list[StepProgress] = []
    worker(shop).run_until_empty(progress=steps.append)
    assert [step.done for step in steps if step.step == "extract"] == [1, 3, 7, 15, 20]


def test_a_task_that_was_begun_before_is_worked_on_alone(shop: Workshop) -> None:
    shop.pipeline.submit(COLLECTION, NOTES)
    for _ in range(4):
        shop.queue.lease(worker="other", limit=3, seconds=0.0)
    steps: list[StepProgress] = []
    worker(shop).run_until_empty(progress=steps.append)
    assert [step.done for step in steps if step.step == "extract"][:4] == [1, 2, 3, 4]


def test_a_run_waits_for_tasks_that_others_hold(shop: Workshop) -> None:
    shop.pipeline.submit(COLLECTION, NOTES[:1])
    tasks = shop.lease()
    other = Thread(target=lambda: (time.sleep(0.2), shop.pipeline.process(tasks)))
    other.start()
    assert worker(shop).run_until_empty() == Processed()
    other.join()
    assert len(shop.snapshot().documents.id) == 1


def test_a_run_takes_over_when_another_s_lease_runs_out(shop: Workshop) -> None:
    shop.pipeline.submit(COLLECTION, NOTES[:1])
    shop.queue.lease(worker="other", limit=1, seconds=0.2)
    assert worker(shop).run_until_empty() == Processed(done=1)


def test_tasks_of_a_dead_process_are_taken_at_once(shop: Workshop) -> None:
    program = "from indexer.process import worker_name; print(worker_name())"
    dead = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.strip()
    shop.pipeline.submit(COLLECTION, NOTES[:1])
    shop.queue.lease(worker=dead, limit=1, seconds=3600)
    assert worker(shop).run_until_empty() == Processed(done=1)


def test_work_that_takes_longer_than_its_lease_is_not_done_twice(shop: Workshop) -> None:
    def dawdle(_: Passage) -> str:
        time.sleep(0.6)
        return ""

    shop.extractor = ScriptedExtractor(dawdle)
    shop.pipeline.submit(COLLECTION, NOTES[:1])
    worker(shop, threads=2, lease_seconds=0.2).run_until_empty()
    assert len(shop.extractor.calls) == 1


def test_an_interrupt_gives_the_tasks_back_uncounted(shop: Workshop) -> None:
    def interrupt(_: Passage) -> str:
        raise KeyboardInterrupt

    shop.extractor = ScriptedExtractor(interrupt)
    job = shop.pipeline.submit(COLLECTION, NOTES[:1]).job
    with pytest.raises(KeyboardInterrupt):
        worker(shop).run_until_empty()
    assert job is not None
    (task,) = shop.queue.tasks(job.id)
    assert (task.state, task.attempts) == (TaskState.QUEUED, 0)


@pytest.mark.parametrize("threads", [1, 3])
def test_a_run_gives_up_when_the_model_stays_away_and_publishes_what_is_done(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    def vanish(passage: Passage) -> str:
        if passage.text != NOTES[0].text:
            raise ModelUnavailable("The endpoint refuses.")
        return ""

    monkeypatch.setattr("indexer.outages.LONGEST_PAUSE", 0.01)
    shop.extractor = ScriptedExtractor(vanish)
    shop.pipeline.submit(COLLECTION, NOTES)
    with pytest.raises(ModelUnavailable, match=r"The endpoint refuses\. \(19 documents wait"):
        worker(shop, threads=threads).run_until_empty()
    assert len(shop.snapshot().documents.id) == 1
    assert shop.queue.waiting() == 19


def test_a_run_ends_at_once_if_no_waiting_helps(shop: Workshop) -> None:
    def refuse(_: Passage) -> str:
        raise ModelUnavailable("The key is wrong.", permanent=True)

    shop.extractor = ScriptedExtractor(refuse)
    shop.pipeline.submit(COLLECTION, NOTES)
    with (
        capture_logs() as logs,
        pytest.raises(ModelUnavailable, match=r"The key is wrong\. \(20 documents wait"),
    ):
        worker(shop).run_until_empty()
    assert len(shop.extractor.calls) == 1
    assert "warning" not in {log["log_level"] for log in logs}


def test_that_a_model_is_away_is_told_once(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    away = iter(range(3))

    def come_late(_: Passage) -> str:
        if next(away, None) is not None:
            raise ModelUnavailable("The endpoint refuses.")
        return ""

    monkeypatch.setattr("indexer.outages.LONGEST_PAUSE", 0.01)
    shop.extractor = ScriptedExtractor(come_late)
    shop.pipeline.submit(COLLECTION, NOTES)
    with capture_logs() as logs:
        found = worker(shop).run_until_empty()
    assert (found.done, found.failed) == (20, 0)
    told = [log["reason"] for log in logs if log["log_level"] == "warning"]
    assert told == ["The endpoint refuses."]


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
    running = worker(shop)
    running.start()
    until(lambda: not shop.queue.waiting("letters"))
    running.stop()
    assert shop.queue.waiting(COLLECTION) == 20


def test_a_run_stops_at_once_if_the_installation_is_at_fault(shop: Workshop) -> None:
    def lack(_: Passage) -> str:
        raise DependencyMissing("spacy", "nlp")

    shop.extractor = ScriptedExtractor(lack)
    job = shop.pipeline.submit(COLLECTION, NOTES).job
    with pytest.raises(DependencyMissing):
        worker(shop).run_until_empty()
    assert job is not None
    assert shop.queue.job(job.id).counts == {TaskState.QUEUED: 20}


def test_in_the_background_a_fault_of_the_installation_leaves_tasks_waiting(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lack(_: Passage) -> str:
        raise DependencyMissing("spacy", "nlp")

    monkeypatch.setattr("indexer.outages.LONGEST_PAUSE", 0.01)
    shop.extractor = ScriptedExtractor(lack)
    job = shop.pipeline.submit(COLLECTION, NOTES[:1]).job
    running = worker(shop)
    running.start()
    until(lambda: len(shop.extractor.calls) > 6)
    running.stop()
    assert job is not None
    (task,) = shop.queue.tasks(job.id, state=TaskState.QUEUED)
    assert task.attempts == 0
    assert "not installed" in task.error


def test_extractions_that_nothing_needs_are_forgotten_after_a_run(shop: Workshop) -> None:
    shop.ingest(NOTES[0])
    shop.pipeline.delete(COLLECTION, list(shop.store.fingerprints(COLLECTION)))
    worker(shop).run_until_empty()
    assert shop.store.prune_extractions(COLLECTION) == 0


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
    running = worker(shop, threads=2)
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
            go_on.wait(10)
        return ""

    background.shop.extractor = ScriptedExtractor(hold_the_last)
    background.submit(*NOTES)
    try:
        until(lambda: 0 < background.published() < 20)
    finally:
        go_on.set()
    until(lambda: background.published() == 20)


def test_stopping_finishes_what_was_begun_and_takes_on_nothing_more(shop: Workshop) -> None:
    begun, go_on = Event(), Event()

    def wait_in_the_first(_: Passage) -> str:
        begun.set()
        go_on.wait(10)
        return ""

    shop.extractor = ScriptedExtractor(wait_in_the_first)
    job = shop.pipeline.submit(COLLECTION, NOTES[:3]).job
    running = worker(shop)
    running.start()
    begun.wait(10)
    stopping = Thread(target=running.stop)
    stopping.start()
    time.sleep(0.05)
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
