"""Documents that one worker cannot read are left to the others, and it says so."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from indexer.extraction.port import Extractor
from indexer.extraction.precomputed import PrecomputedExtractor
from indexer.flow.flow import Flow
from indexer.flow.meter import NoMeter
from indexer.flow.refusing import MOST_KEPT
from indexer.flow.tools import Tools
from indexer.refusals import refusals
from kg.errors import DependencyMissing, StoreOverloaded
from kg.jobs import TaskState
from kg.records import Passage
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.office import NOTES, Office
from tests.doubles.two_workers import QUICKLY, Two, away, wrong_key
from tests.doubles.workshop import COLLECTION, Workshop, note


def read_only(_: Passage) -> str:
    raise PermissionError("the folder answers/ is read-only")


def missing(_: Passage) -> str:
    raise DependencyMissing("spacy", "none")


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
