"""What one worker cannot do is left to the others, and it says so."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from indexer.extraction.port import Extractor
from indexer.extraction.precomputed import PrecomputedExtractor
from indexer.flow.flow import Flow
from indexer.flow.meter import NoMeter
from indexer.flow.refusing import MOST_KEPT, MOST_KEPT_TEXTS, ROUNDS
from indexer.flow.tools import Tools
from indexer.publisher import Publisher
from indexer.refusals import Refusal, refusals
from kg.errors import (
    DependencyMissing,
    ModelUnavailable,
    SnapshotUnavailable,
    StoreOverloaded,
    StoreUnavailable,
)
from kg.jobs import TaskState
from kg.records import Collection, Passage
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.office import AT_ONCE, NOTES, Office
from tests.doubles.workshop import COLLECTION, SETTINGS, Workshop, note

QUICKLY = replace(AT_ONCE, refuse=0.0)


def wrong_key(_: Passage) -> str:
    raise ModelUnavailable("wrong key", permanent=True)


def away(_: Passage) -> str:
    raise ModelUnavailable("no answer")


def read_only(_: Passage) -> str:
    raise PermissionError("the folder answers/ is read-only")


def missing(_: Passage) -> str:
    raise DependencyMissing("spacy", "none")


class Two:
    """A worker that reads, and one that does not, at one broker and one store."""

    def __init__(self, folder: Path, trouble: Callable[[Passage], str]) -> None:
        self.office = Office(folder, times=QUICKLY)
        self.bad_extractor = ScriptedExtractor(trouble, paid=True)
        other = Workshop(folder=folder, store=self.office.shop.store, extractor=self.bad_extractor)
        self.bad = Flow(
            Tools(
                pipeline=other.pipeline,
                broker=self.office.broker,
                meter=NoMeter(),
                times=QUICKLY,
                name="attic/pid:[1]:77:1:x",
            )
        )

    def bad_takes(self, messages: int) -> None:
        """The bad worker takes the next messages."""
        for _ in range(messages):
            self.office.broker.deliver_one(self.bad)
        self.bad.refusing.join()

    def refused(self) -> list[Refusal]:
        """As a job shows it."""
        return list(refusals(self.office.shop.queue, COLLECTION))


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (wrong_key, "wrong key"),
        (away, "no answer"),
        (missing, "spacy"),
        (read_only, "read-only"),
    ],
)
def test_a_worker_that_alone_cannot_read_leaves_that_to_the_others(
    tmp_path: Path, trouble: Callable[[Passage], str], reason: str
) -> None:
    two = Two(tmp_path, trouble)
    two.office.submit(NOTES[0])
    two.office.work()  # so it is known that the model answers
    job = two.office.submit(*NOTES[1:4])
    two.bad_takes(6)
    assert len(two.bad_extractor.calls) == 1, "it does not try again at once"
    (refusal,) = two.refused()
    assert (refusal.worker, refusal.step) == ("attic (process 77)", "extract")
    assert reason in refusal.reason
    two.office.work()
    tasks = two.office.shop.queue.tasks(job)
    assert [(task.state, task.attempts, task.error) for task in tasks] == [
        (TaskState.EXTRACTED, 1, "")
    ] * 3


@pytest.mark.parametrize("trouble", [wrong_key, missing])
def test_a_worker_whose_own_fault_it_is_makes_all_wait_but_once(
    tmp_path: Path, trouble: Callable[[Passage], str]
) -> None:
    two = Two(tmp_path, trouble)
    job = two.office.submit(*NOTES[:3])
    two.office.broker.deliver(two.bad)
    assert two.office.shop.queue.job(job).counts == {TaskState.QUEUED: 3}
    time.sleep(1.1)
    two.office.broker.send("prepare", {})
    two.bad_takes(6)
    assert len(two.bad_extractor.calls) == 2
    assert len(two.refused()) == 1
    two.office.sweep()
    two.office.work()
    assert two.office.shop.queue.job(job).counts == {TaskState.EXTRACTED: 3}


class FromFile(dict[str, Extractor]):
    """Whatever a collection's settings name is read from a file."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file

    def get(self, *_: object) -> Extractor:
        return PrecomputedExtractor(self._file)


def test_a_worker_without_its_file_of_extractions_leaves_documents_to_one_that_has_it(
    tmp_path: Path,
) -> None:
    there = tmp_path / "there.jsonl"
    there.write_text(json.dumps({"title": NOTES[0].title, "text": NOTES[0].text}))
    office = Office(tmp_path, times=QUICKLY, extractors=FromFile(tmp_path / "missing.jsonl"))
    store = office.shop.store
    other = Workshop(folder=tmp_path, store=store, extractors=FromFile(there))
    job = office.submit(NOTES[0])
    office.work()
    (task,) = office.shop.queue.tasks(job)
    assert (task.state, "Cannot read" in task.error) == (TaskState.QUEUED, True)
    time.sleep(1.1)
    office.broker.send("prepare", {})
    office.work()
    (refusal,) = refusals(office.shop.queue, COLLECTION)
    assert (refusal.step, "missing.jsonl" in refusal.reason) == ("prepare", True)
    tools = Tools(
        pipeline=other.pipeline, broker=office.broker, meter=NoMeter(), times=QUICKLY, name="cellar"
    )
    office.broker.send("prepare", {})
    office.broker.deliver(Flow(tools))
    assert office.shop.queue.job(job).counts == {TaskState.EXTRACTED: 1}


def test_what_no_worker_can_read_holds_up_no_other_collection(tmp_path: Path) -> None:
    two = Two(tmp_path, wrong_key)
    shop = two.office.shop
    job = two.office.submit(*NOTES[:3])
    two.office.broker.deliver(two.bad)
    time.sleep(1.1)
    two.office.broker.send("prepare", {})
    two.office.broker.deliver(two.bad)  # ends: nothing goes round
    assert len(two.refused()) == 1
    assert shop.queue.job(job).counts == {TaskState.QUEUED: 3}
    assert {task.error for task in shop.queue.tasks(job)} == {"wrong key"}


def test_a_snapshot_that_nobody_can_embed_for_is_not_asked_for_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = Two(tmp_path, away)
    monkeypatch.setattr(two.bad._pauses, "refused", lambda kind: {COLLECTION})
    two.office.broker.send("publish", {"collection": COLLECTION})
    two.office.broker.send("embed", {"collection": COLLECTION, "texts": {}})
    two.office.broker.deliver(two.bad)
    assert two.office.broker.steps() == []


def refuses_to_embed(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        office.flow._pauses, "refused", lambda kind: {COLLECTION} if kind == "embed" else set()
    )


def texts(number: int) -> dict[str, Any]:
    return {"collection": COLLECTION, "texts": {"entity": [f"name {number}"]}}


def taking(office: Office, messages: int) -> Thread:
    """A thread that hands the worker so many messages that it refuses."""

    def take() -> None:
        for number in range(messages):
            office.flow.take("embed", texts(number))

    thread = Thread(target=take, daemon=True)
    thread.start()
    return thread


def test_what_a_worker_refuses_occupies_none_of_its_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path, times=replace(AT_ONCE, refuse=3600.0))
    refuses_to_embed(office, monkeypatch)
    thread = taking(office, MOST_KEPT_TEXTS)
    thread.join(30)
    assert not thread.is_alive()
    assert office.broker.steps() == []
    office.flow.close()
    assert [message["texts"] for _, message in office.broker.sent] == [
        texts(number)["texts"] for number in range(MOST_KEPT_TEXTS)
    ]


def test_more_than_a_worker_keeps_waits_for_room_and_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path, times=replace(AT_ONCE, refuse=3600.0))
    refuses_to_embed(office, monkeypatch)
    thread = taking(office, MOST_KEPT_TEXTS + 4)
    thread.join(1.0)
    assert thread.is_alive(), "nothing goes round and round without a pause"
    assert office.broker.steps() == []
    office.flow.tools.stop.set()
    thread.join(30)
    office.flow.close()
    assert office.broker.steps() == ["embed"] * (MOST_KEPT_TEXTS + 4)


def test_what_a_worker_refuses_to_embed_holds_up_none_of_its_documents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path, times=replace(AT_ONCE, refuse=3600.0))
    refuses_to_embed(office, monkeypatch)
    taking(office, MOST_KEPT_TEXTS).join(30)
    monkeypatch.setattr(office.flow._pauses, "refused", lambda kind: {COLLECTION})
    commit = {"collection": COLLECTION, "tasks": []}
    thread = Thread(target=lambda: office.flow.take("commit", commit), daemon=True)
    thread.start()
    thread.join(30)
    assert not thread.is_alive(), "there is room for documents beside"
    office.flow.close()


def test_texts_that_one_worker_refuses_are_embedded_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path, times=QUICKLY)
    refuses_to_embed(office, monkeypatch)
    other, embedded = office.process(), set[str]()
    monkeypatch.setattr(
        type(other._embedding), "embed", lambda _, __, some: embedded.update(some["entity"])
    )
    for number in range(200):
        office.broker.send("embed", texts(number))
    for _ in range(100):
        office.broker.deliver_one(office.flow)
        office.broker.deliver_one(other)
    office.flow.refusing.join()
    office.broker.deliver(other)
    assert len(embedded) == 200


def test_texts_that_nobody_can_embed_come_back_so_often_and_then_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path, times=QUICKLY)
    refuses_to_embed(office, monkeypatch)
    for number in range(20):
        office.broker.send("embed", texts(number))
    office.work()
    rounds = [message.get("rounds", 0) for _, message in office.broker.sent]
    assert sorted(rounds) == sorted(list(range(ROUNDS + 1)) * 20)


def test_of_many_documents_that_a_worker_leaves_to_others_none_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = Two(tmp_path, wrong_key)
    monkeypatch.setattr(two.bad._pauses, "refused", lambda kind: {COLLECTION})
    monkeypatch.setattr(two.bad._pauses, "others_do_well", lambda _: True)
    many = [note(str(number), f"Person{number} met nobody.") for number in range(60)]
    job = two.office.submit(*many)
    two.office.broker.deliver_one(two.office.flow)
    batches = list(two.office.broker.waiting)
    assert len(batches) > MOST_KEPT
    two.office.broker.waiting.clear()
    for step, text in batches:
        two.bad.take(step, json.loads(text))
    two.bad.close()
    assert list(two.office.broker.waiting) == batches
    two.office.work()
    assert two.office.shop.queue.job(job).counts == {TaskState.EXTRACTED: len(many)}


def test_a_model_that_is_away_for_all_lets_all_wait(tmp_path: Path) -> None:
    two = Two(tmp_path, away)
    two.office.submit(NOTES[0])
    two.office.work()
    extractor = two.office.shop.extractor
    assert isinstance(extractor, ScriptedExtractor)
    extractor.script = away
    job = two.office.submit(*NOTES[1:3])
    two.office.work()
    assert two.office.shop.queue.job(job).counts == {TaskState.QUEUED: 2}
    assert two.refused() == []


def test_a_worker_that_was_put_right_refuses_nothing_any_more(tmp_path: Path) -> None:
    two = Two(tmp_path, wrong_key)
    two.office.submit(NOTES[0])
    two.office.work()
    two.office.submit(*NOTES[1:4])
    two.bad_takes(4)
    two.bad_extractor.script = lambda _: ""
    time.sleep(1.1)
    two.office.broker.deliver(two.bad)
    assert len(two.office.shop.sources()) == 4
    assert two.refused() == []


def test_a_worker_without_the_embedder_leaves_publishing_to_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise DependencyMissing("torch", "gpu")

    two = Two(tmp_path, wrong_key)
    two.office.submit(NOTES[0])
    two.office.broker.deliver(two.office.flow, lambda step: step not in ("embed", "publish"))
    monkeypatch.setattr(two.bad.tools.pipeline, "publish", fails)
    two.office.broker.send("publish", {"collection": COLLECTION})
    two.bad_takes(1)
    (refusal,) = two.refused()
    assert (refusal.step, "torch" in refusal.reason) == ("publish", True)
    two.office.broker.send("publish", {"collection": COLLECTION})
    two.bad_takes(3)
    two.office.work()
    assert two.office.shop.snapshots().current() is not None


@pytest.mark.parametrize(
    "error",
    [
        ModelUnavailable("The embedding model cannot be reached"),
        SnapshotUnavailable("The bucket cannot be reached"),
        PermissionError("The folder is read-only"),
        StoreOverloaded("Neo4j has no memory left"),
        StoreUnavailable("The file of this machine's cache is read-only"),
    ],
)
def test_why_a_snapshot_is_not_published_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(*_: object) -> None:
        raise error

    two = Two(tmp_path, wrong_key)
    monkeypatch.setattr(two.bad.tools.pipeline, "publish", fails)
    two.office.broker.send("publish", {"collection": COLLECTION})
    two.bad_takes(1)
    assert two.refused() == [
        Refusal(worker="attic (process 77)", step="publish", reason=str(error))
    ]
    monkeypatch.undo()
    time.sleep(1.1)
    two.office.broker.send("publish", {"collection": COLLECTION})
    two.bad_takes(1)
    assert two.refused() == []


def test_why_nobody_knows_whether_a_snapshot_is_stale_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path, times=QUICKLY)
    office.shop.store.create_collection("another", SETTINGS)
    covers = Publisher.covers

    def fails(self: Publisher, collection: Collection, **more: bool) -> bool:
        if collection.name == "another":
            raise SnapshotUnavailable("The bucket cannot be reached")
        return covers(self, collection, **more)

    monkeypatch.setattr(Publisher, "covers", fails)
    office.sweep()
    (refusal,) = refusals(office.shop.queue, "another")
    assert (refusal.step, refusal.reason) == ("publish", "The bucket cannot be reached")
    assert office.broker.steps() == ["publish"], "the other collection is asked for"


def test_a_worker_that_finds_a_snapshot_published_by_another_refuses_it_no_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise PermissionError("The folder is read-only")

    two = Two(tmp_path, wrong_key)
    two.office.submit(NOTES[0])
    two.office.broker.deliver(two.office.flow, lambda step: step not in ("embed", "publish"))
    with monkeypatch.context() as patch:
        patch.setattr(two.bad.tools.pipeline, "publish", fails)
        two.office.broker.send("publish", {"collection": COLLECTION})
        two.bad_takes(1)
    assert len(two.refused()) == 1
    two.office.broker.send("publish", {"collection": COLLECTION})
    two.office.work()
    assert len(two.refused()) == 1
    two.bad.publish_stale()
    assert two.refused() == []
    assert two.bad._pauses.refused("publish") == set()


def test_why_texts_are_not_embedded_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ModelUnavailable("The embedding model cannot be reached")

    two = Two(tmp_path, wrong_key)
    monkeypatch.setattr(type(two.bad._embedding), "embed", fails)
    two.office.broker.send("embed", {"collection": COLLECTION, "texts": {}})
    two.bad_takes(1)
    (refusal,) = two.refused()
    assert (refusal.step, "cannot be reached" in refusal.reason) == ("embed", True)


def test_a_worker_that_stopped_does_not_say_that_it_tries_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ModelUnavailable("The embedding model cannot be reached")

    two = Two(tmp_path, wrong_key)
    monkeypatch.setattr(type(two.bad._embedding), "embed", fails)
    two.office.broker.send("embed", {"collection": COLLECTION, "texts": {}})
    two.bad_takes(1)
    assert len(two.refused()) == 1
    two.bad.close()
    assert two.refused() == []


def test_of_a_store_that_is_away_nobody_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise StoreUnavailable("nobody there")

    two = Two(tmp_path, wrong_key)
    monkeypatch.setattr(two.bad.tools.pipeline, "publish", fails)
    monkeypatch.setattr(two.bad.tools.store, "probe", fails)
    two.office.broker.send("publish", {"collection": COLLECTION})
    two.bad_takes(1)
    assert two.refused() == []
    assert two.bad._pauses.refused("publish") == set()


def test_documents_that_a_store_has_no_memory_for_fail_at_last_and_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise StoreOverloaded("Neo4j has no memory left")

    office = Office(tmp_path, times=QUICKLY)
    monkeypatch.setattr(office.flow.dispatcher._ingester.store, "commit", fails)
    job = office.submit(*NOTES[:2])
    office.work()
    tasks = office.shop.queue.tasks(job)
    assert [(task.state, task.error) for task in tasks] == [
        (TaskState.FAILED, "Neo4j has no memory left")
    ] * 2
