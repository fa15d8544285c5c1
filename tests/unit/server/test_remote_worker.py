"""Where work is done elsewhere, it is asked for without waiting, and waited for with patience."""

import time
from contextlib import suppress
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from threading import Event, Thread

import pytest
from structlog.testing import capture_logs

from indexer.flow.broker import Broker, Queue
from indexer.flow.pauses import Pauses
from indexer.flow.publishing import lease_of
from indexer.ingestion.fates import UNEXPECTED_ATTEMPTS
from indexer.ingestion.processed import Processed
from indexer.progress import StepProgress
from kg.errors import ModelUnavailable, StoreUnavailable
from kg.jobs import Progress, TaskState
from kg.records import Passage
from server.remote_worker import RemoteWorker
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.memory_broker import MemoryBroker
from tests.doubles.waiting import until
from tests.doubles.workshop import COLLECTION, SETTINGS, Workshop, note

NOTES = [note(str(number), f"Person{number} met Person{number + 1}.") for number in range(3)]


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(folder=tmp_path)


def worker(shop: Workshop, broker: Broker, worry_seconds: float = 60.0) -> RemoteWorker:
    return RemoteWorker(
        shop.pipeline, lambda: broker, poll_seconds=0.01, worry_seconds=worry_seconds
    )


def test_workers_are_told_that_there_is_work(shop: Workshop) -> None:
    broker = MemoryBroker()
    remote = worker(shop, broker)
    remote.wake()
    remote.stop()
    assert broker.steps() == ["prepare"]


def test_nobody_waits_for_a_broker_that_is_slow(shop: Workshop) -> None:
    go_on, sent = Event(), []

    class Slow(MemoryBroker):
        def send(self, *arguments: object) -> bool:
            sent.append(go_on.wait(60))
            return False

    remote = worker(shop, Slow())
    for _ in range(10):
        remote.wake()
    assert sent == []
    go_on.set()
    remote.stop()
    assert all(sent)


def test_whoever_waits_sees_progress_and_the_end(shop: Workshop) -> None:
    shop.pipeline.submit(COLLECTION, NOTES)
    steps: list[StepProgress] = []
    waited_for = Event()

    def see(step: StepProgress) -> None:
        steps.append(step)
        waited_for.set()

    def elsewhere() -> None:
        waited_for.wait(60)
        for _ in NOTES:
            time.sleep(0.05)
            shop.pipeline.process(shop.lease(1))
        shop.pipeline.publish(COLLECTION)

    other = Thread(target=elsewhere)
    other.start()
    remote = worker(shop, MemoryBroker())
    assert remote.run_until_empty(COLLECTION, see).done == 3
    other.join()
    remote.stop()
    assert (steps[0].done, steps[-1]) == (0, StepProgress(step="extract", done=3, total=3))
    assert len(shop.snapshot().documents.id) == 3


def worried(shop: Workshop, told: str) -> bool:
    """Whether that is told while a worker waits for what others do only then."""
    remote = worker(shop, MemoryBroker(), worry_seconds=0.05)

    def is_told() -> bool:
        return any(told in str(entry.get("reason")) for entry in list(logs))

    def later() -> None:
        with suppress(TimeoutError):
            until(is_told)
        shop.pipeline.process(shop.lease())
        shop.pipeline.publish(COLLECTION)

    other = Thread(target=later)
    with capture_logs() as logs:
        other.start()
        remote.run_until_empty(COLLECTION)
    other.join()
    remote.stop()
    return is_told()


@pytest.mark.parametrize(("reason", "told"), [("", "ammon worker"), ("no key", "no key")])
def test_whoever_waits_in_vain_is_told_why_that_may_be(
    shop: Workshop, reason: str, told: str
) -> None:
    shop.pipeline.submit(COLLECTION, NOTES[:1])
    shop.queue.release([shop.lease()[0].id], worker="test", reason=reason)
    for _ in range(11):  # newer jobs that are over are in nobody's way
        shop.queue.enqueue(COLLECTION, [])
    assert worried(shop, told)


def test_whoever_waits_for_a_snapshot_is_told_what_a_worker_refuses(shop: Workshop) -> None:
    shop.pipeline.submit(COLLECTION, NOTES[:1])
    shop.pipeline.process(shop.lease())
    error = ModelUnavailable("The embedder is out of reach.")
    Pauses(shop.queue, "attic").begin(COLLECTION, "publish", error)
    assert worried(shop, "out of reach")


def told_of_snapshot(shop: Workshop, broker: MemoryBroker) -> tuple[set[str], list[object]]:
    """The steps of which somebody hears who waits for a snapshot, and what is logged meanwhile."""
    remote = worker(shop, broker, worry_seconds=0.2)
    early: list[object] = []
    steps: set[str] = set()

    def later() -> None:
        for _ in range(15):
            time.sleep(0.1)
            if broker.waiting:
                broker.waiting.popleft()
        early.extend(logs)
        shop.pipeline.publish(COLLECTION)

    other = Thread(target=later)
    with capture_logs() as logs:
        other.start()
        remote.run_until_empty(COLLECTION, lambda step: steps.add(step.step))
        other.join()
    remote.stop()
    return steps, early


def test_a_worker_that_makes_the_snapshot_is_progress(shop: Workshop) -> None:
    shop.ingest(*NOTES[:1])
    shop.queue.hold(lease_of(COLLECTION), worker="attic", seconds=60)
    steps, early = told_of_snapshot(shop, MemoryBroker())
    assert "their snapshot" in steps
    assert early == []


def test_messages_to_workers_that_embed_are_progress(shop: Workshop) -> None:
    shop.ingest(*NOTES[:1])
    broker = MemoryBroker()
    for _ in range(14):
        broker.send("embed", {"collection": COLLECTION, "texts": {}})
    steps, early = told_of_snapshot(shop, broker)
    assert "embed elsewhere" in steps
    assert early == []


def test_messages_that_go_round_since_workers_refuse_them_are_no_progress(shop: Workshop) -> None:
    shop.ingest(*NOTES[:1])
    error = ModelUnavailable("The embedder is out of reach.")
    Pauses(shop.queue, "attic").begin(COLLECTION, "embed", error)
    depths = cycle((0, 1))

    class Round(MemoryBroker):
        def depth(self, queue: Queue) -> int:
            return next(depths)

    _, early = told_of_snapshot(shop, Round())
    assert "out of reach" in str(early)


def test_whoever_loses_the_store_is_told_that_the_work_goes_on(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> int:
        raise StoreUnavailable("The Neo4j cannot be used.")

    remote = worker(shop, MemoryBroker())
    monkeypatch.setattr(shop.queue, "waiting", away)
    with pytest.raises(StoreUnavailable, match=r"cannot be used.*the workers go on with it"):
        remote.run_until_empty(COLLECTION)
    remote.stop()


def test_the_passages_of_a_long_document_are_movement(shop: Workshop) -> None:
    shop.pipeline.submit(COLLECTION, NOTES[:1])
    (task,) = shop.lease()

    def later() -> None:
        for _ in range(40):
            time.sleep(0.02)
            shop.queue.note_progress({task.id: Progress(input_tokens=1)})
        early.extend(logs)
        shop.pipeline.process([task])
        shop.pipeline.publish(COLLECTION)

    remote = worker(shop, MemoryBroker(), worry_seconds=0.1)
    early: list[object] = []
    with capture_logs() as logs:
        other = Thread(target=later)
        other.start()
        remote.run_until_empty(COLLECTION)
        other.join()
    remote.stop()
    assert not any("still waiting" in str(entry) for entry in early)


def test_what_a_failed_document_holds_up_is_not_waited_for(shop: Workshop) -> None:
    def stumble(_: Passage) -> str:
        raise ValueError("a stumble")

    shop.ingest(*NOTES)
    shop.extractors["other"] = ScriptedExtractor(stumble, fingerprint="other")
    shop.pipeline.reindex(COLLECTION, replace(SETTINGS, extractor="other"))
    for _ in range(UNEXPECTED_ATTEMPTS):
        shop.pipeline.process(shop.lease())
    shop.pipeline.publish(COLLECTION)
    afar = Workshop(folder=shop.folder, store=shop.store, extractors=shop.extractors)
    remote = worker(afar, MemoryBroker())
    assert remote.run_until_empty(COLLECTION) == Processed()
    remote.stop()
    assert shop.store.collection(COLLECTION).settings.extractor == SETTINGS.extractor


def test_what_came_in_is_waited_for_though_a_failed_document_holds_up_others(
    shop: Workshop,
) -> None:
    def stumble(_: Passage) -> str:
        raise ValueError("a stumble")

    shop.ingest(*NOTES[:2])
    shop.extractors["other"] = ScriptedExtractor(stumble, fingerprint="other")
    shop.pipeline.reindex(COLLECTION, replace(SETTINGS, extractor="other"))
    for _ in range(UNEXPECTED_ATTEMPTS):
        shop.pipeline.process(shop.lease())
    shop.pipeline.publish(COLLECTION)
    shop.ingest(NOTES[2])

    def later() -> None:
        time.sleep(0.2)
        shop.pipeline.publish(COLLECTION)

    elsewhere = Thread(target=later)
    elsewhere.start()
    remote = worker(shop, MemoryBroker())
    remote.run_until_empty(COLLECTION)
    assert len(shop.snapshot().documents.id) == 3
    elsewhere.join()
    remote.stop()


def test_what_joins_a_reindexing_at_its_end_is_waited_for(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.ingest(*NOTES[:2])
    shop.extractors["other"] = ScriptedExtractor(fingerprint="other")
    job = shop.pipeline.reindex(COLLECTION, replace(SETTINGS, extractor="other")).job
    assert job is not None
    shop.pipeline.process(shop.lease())
    shop.ingest(NOTES[2])
    waiting, joined = shop.queue.waiting, Event()

    def counted(collection: str | None = None) -> int:
        """A worker publishes just after it was seen that nothing waits."""
        found = waiting(collection)
        if not found and not joined.is_set():
            shop.pipeline.publish(COLLECTION)
            joined.set()
        return found

    def later() -> None:
        joined.wait(60)
        time.sleep(0.3)
        shop.pipeline.process(shop.lease())
        shop.pipeline.publish(COLLECTION)

    monkeypatch.setattr(shop.queue, "waiting", counted)
    elsewhere = Thread(target=later)
    elsewhere.start()
    remote = worker(shop, MemoryBroker())
    remote.run_until_empty(COLLECTION)
    remote.stop()
    assert shop.queue.job(job.id).counts == {TaskState.EXTRACTED: 3}
    assert shop.store.collection(COLLECTION).settings.extractor == "other"
    elsewhere.join()


def test_what_was_cancelled_before_anything_was_extracted_is_not_waited_for(
    shop: Workshop,
) -> None:
    job = shop.pipeline.submit(COLLECTION, NOTES).job
    assert job is not None
    remote = worker(shop, MemoryBroker())
    said: list[StepProgress] = []

    def cancel(step: StepProgress) -> None:
        if not said:
            shop.pipeline.cancel(job.id)
        said.append(step)

    assert remote.run_until_empty(COLLECTION, cancel) == Processed()
    remote.stop()
    assert said[-1].total == 3


def test_what_was_extracted_before_the_rest_was_cancelled_is_waited_for(shop: Workshop) -> None:
    job = shop.pipeline.submit(COLLECTION, NOTES).job
    assert job is not None
    shop.pipeline.process(shop.lease(1))
    shop.queue.release([task.id for task in shop.lease()], worker="test")

    def later() -> None:
        time.sleep(0.1)
        shop.pipeline.cancel(job.id)
        time.sleep(0.1)
        shop.pipeline.publish(COLLECTION)

    elsewhere = Thread(target=later)
    elsewhere.start()
    remote = worker(shop, MemoryBroker())
    remote.run_until_empty(COLLECTION)
    assert len(shop.snapshot().documents.id) == 1
    elsewhere.join()
    remote.stop()
