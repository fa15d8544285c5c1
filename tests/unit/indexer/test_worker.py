"""The worker takes all that waits into the graph, publishes it, and leaves nothing held."""

import subprocess
import sys
import time
from collections.abc import Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread

import pytest
from structlog.testing import capture_logs

from indexer.ingestion.processed import Processed
from indexer.progress import StepProgress
from kg.errors import DependencyMissing, ModelUnavailable
from kg.jobs import TaskState
from kg.lock import file_lock
from kg.records import Passage
from kg.sqlite import SQLiteStore
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.waiting import until
from tests.doubles.workshop import COLLECTION, Workshop, note

NOTES = [note(str(number), f"Person{number} met Person{number + 1}.") for number in range(20)]


@pytest.mark.parametrize("threads", [1, 3])
def test_a_run_indexes_and_publishes_all_that_waits(shop: Workshop, threads: int) -> None:
    shop.pipeline.submit(COLLECTION, NOTES)
    assert shop.worker(threads=threads).run_until_empty() == Processed(done=20)
    assert len(shop.snapshot().documents.id) == 20
    assert shop.queue.waiting() == 0


def test_a_run_with_nothing_to_do_publishes_what_is_not_published(shop: Workshop) -> None:
    shop.ingest(*NOTES)
    assert shop.worker().run_until_empty() == Processed()
    assert len(shop.snapshot().documents.id) == 20


def test_a_run_for_one_collection_leaves_the_others_alone(shop: Workshop) -> None:
    shop.store.create_collection("letters", shop.store.collection(COLLECTION).settings)
    shop.pipeline.submit("letters", NOTES[:1])
    shop.pipeline.submit(COLLECTION, NOTES[:2])
    assert shop.worker().run_until_empty(COLLECTION) == Processed(done=2)
    assert shop.queue.waiting("letters") == 1


def test_progress_ends_with_all_documents_done(shop: Workshop) -> None:
    shop.pipeline.submit(COLLECTION, NOTES)
    steps: list[StepProgress] = []
    shop.worker().run_until_empty(progress=steps.append)
    extract = [step for step in steps if step.step == "extract"]
    assert extract[-1] == StepProgress(step="extract", done=20, total=20)
    assert all(step.total == 20 for step in extract)
    assert {step.step for step in steps} >= {"extract", "synonyms", "embed passages"}


def test_the_first_batch_is_small(shop: Workshop) -> None:
    shop.pipeline.submit(COLLECTION, NOTES)
    steps: list[StepProgress] = []
    shop.worker().run_until_empty(progress=steps.append)
    assert [step.done for step in steps if step.step == "extract"] == [1, 3, 7, 15, 20]


def test_a_task_that_was_begun_before_is_worked_on_alone(shop: Workshop) -> None:
    shop.pipeline.submit(COLLECTION, NOTES)
    for _ in range(4):
        shop.queue.lease(worker="other", limit=3, seconds=0.0)
    steps: list[StepProgress] = []
    shop.worker().run_until_empty(progress=steps.append)
    assert [step.done for step in steps if step.step == "extract"][:4] == [1, 2, 3, 4]


def test_a_run_tells_that_it_waits_for_others(shop: Workshop) -> None:
    shop.pipeline.submit(COLLECTION, NOTES[:1])
    held = shop.lease()
    steps: list[StepProgress] = []

    def report(step: StepProgress) -> None:
        steps.append(step)
        if step.step == "elsewhere":
            shop.pipeline.process(held)

    shop.worker().run_until_empty(progress=report)
    assert StepProgress(step="elsewhere", done=0, total=1) in steps


def test_a_run_tells_that_it_waits_for_anothers_snapshot(shop: Workshop) -> None:
    shop.pipeline.submit(COLLECTION, NOTES[:1])
    steps: list[str] = []
    with ThreadPoolExecutor() as pool:
        with file_lock(shop.snapshots().lock):
            run = pool.submit(
                shop.worker().run_until_empty, progress=lambda step: steps.append(step.step)
            )
            until(lambda: "their snapshot" in steps)
        run.result()


def test_a_run_waits_for_tasks_that_others_hold(shop: Workshop) -> None:
    shop.pipeline.submit(COLLECTION, NOTES[:1])
    tasks = shop.lease()
    other = Thread(target=lambda: (time.sleep(0.2), shop.pipeline.process(tasks)))
    other.start()
    assert shop.worker().run_until_empty() == Processed()
    other.join()
    assert len(shop.snapshot().documents.id) == 1


def test_a_run_takes_over_when_another_s_lease_runs_out(shop: Workshop) -> None:
    shop.pipeline.submit(COLLECTION, NOTES[:1])
    shop.queue.lease(worker="other", limit=1, seconds=0.2)
    assert shop.worker().run_until_empty() == Processed(done=1)


def test_tasks_of_a_dead_process_are_taken_at_once(shop: Workshop) -> None:
    program = "from indexer.process import worker_name; print(worker_name())"
    dead = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.strip()
    shop.pipeline.submit(COLLECTION, NOTES[:1])
    shop.queue.lease(worker=dead, limit=1, seconds=3600)
    assert shop.worker().run_until_empty() == Processed(done=1)


class _Clocked(SQLiteStore):
    """Its clock stands still unless it is moved on."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, clock=lambda: self.now)
        self.now = 1e9
        self.extended = 0
        """How often leases were."""

    def extend(self, task_ids: Sequence[str], *, worker: str, seconds: float) -> Set[str]:
        held = super().extend(task_ids, worker=worker, seconds=seconds)
        self.extended += 1
        return held


def test_work_that_takes_longer_than_its_lease_is_not_done_twice(tmp_path: Path) -> None:
    store = _Clocked(tmp_path / "store.sqlite")

    def dawdle(_: Passage) -> str:
        for _ in range(3):
            store.now += 0.2
            before = store.extended
            until(lambda before=before: store.extended > before + 1)  # type: ignore[misc]
        return ""

    shop = Workshop(folder=tmp_path, store=store, extractor=ScriptedExtractor(dawdle))
    shop.pipeline.submit(COLLECTION, NOTES[:1])
    shop.worker(threads=2, lease_seconds=0.3).run_until_empty()
    assert len(shop.extractor.calls) == 1


def test_an_interrupt_gives_the_tasks_back_uncounted(shop: Workshop) -> None:
    def interrupt(_: Passage) -> str:
        raise KeyboardInterrupt

    shop.extractor = ScriptedExtractor(interrupt)
    job = shop.pipeline.submit(COLLECTION, NOTES[:1]).job
    with pytest.raises(KeyboardInterrupt):
        shop.worker().run_until_empty()
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
        shop.worker(threads=threads).run_until_empty()
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
        shop.worker().run_until_empty()
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
        found = shop.worker().run_until_empty()
    assert (found.done, found.failed) == (20, 0)
    told = [log["reason"] for log in logs if log["log_level"] == "warning"]
    assert told == ["The endpoint refuses."]


def test_a_run_stops_at_once_if_the_installation_is_at_fault(shop: Workshop) -> None:
    def lack(_: Passage) -> str:
        raise DependencyMissing("spacy", "nlp")

    shop.extractor = ScriptedExtractor(lack)
    job = shop.pipeline.submit(COLLECTION, NOTES).job
    with pytest.raises(DependencyMissing):
        shop.worker().run_until_empty()
    assert job is not None
    assert shop.queue.job(job.id).counts == {TaskState.QUEUED: 20}


def test_extractions_that_nothing_needs_are_forgotten_after_a_run(shop: Workshop) -> None:
    shop.ingest(NOTES[0])
    shop.pipeline.delete(COLLECTION, list(shop.store.fingerprints(COLLECTION)))
    shop.worker().run_until_empty()
    assert shop.store.prune_extractions(COLLECTION) == 0
