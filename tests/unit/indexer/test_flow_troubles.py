"""Models and brokers that are away, and passages on which workers die, hold up nothing else."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog

from indexer.flow import sweeper
from indexer.flow.dispatch import MOST_WAITING
from indexer.flow.flow import Flow
from indexer.flow.meter import NoMeter
from indexer.flow.tools import Tools
from indexer.process import worker_name
from indexer.refusals import refusals
from inference.vector_file import VectorFile
from kg import ids
from kg.errors import DependencyMissing, ModelUnavailable, StoreOverloaded, StoreUnavailable
from kg.jobs import Task, TaskState
from kg.records import Passage, SourceDocument
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.hash_embedder import HashEmbedder
from tests.doubles.office import NOTES, SHORT, Office
from tests.doubles.workshop import COLLECTION, SETTINGS, Workshop, note


def test_a_passage_whose_extraction_fails_is_in_quarantine_and_tried_again_when_asked(
    tmp_path: Path,
) -> None:
    fault = ["it says nothing"]
    office = Office(tmp_path, extractor=ScriptedExtractor(lambda _: fault[0], paid=True))
    office.submit(NOTES[0])
    office.work()
    assert office.shop.counts()["quarantined"] == 1
    assert len(office.calls) == 1
    fault[0] = ""
    office.submit(NOTES[0])
    office.work()
    assert (office.shop.counts()["quarantined"], len(office.calls)) == (0, 2)


def unavailable(_: Passage) -> str:
    raise ModelUnavailable("the model sleeps")


def missing(_: Passage) -> str:
    raise DependencyMissing("spacy", "none")


@pytest.mark.parametrize(("trouble", "reason"), [(unavailable, "sleeps"), (missing, "spacy")])
def test_documents_wait_with_the_reason_while_a_model_is_out_of_reach(
    tmp_path: Path, trouble: Callable[[Passage], str], reason: str
) -> None:
    extractor = ScriptedExtractor(trouble, paid=True)
    office = Office(tmp_path, extractor=extractor)
    job = office.submit(*NOTES[:3])
    office.work()
    assert office.shop.queue.job(job).counts == {TaskState.QUEUED: 3}
    assert all(reason in task.error for task in office.shop.queue.tasks(job))
    assert len(extractor.calls) == 1, "the collection rests"
    extractor.script = lambda _: ""
    time.sleep(1.1)
    office.sweep()
    office.work()
    assert len(office.shop.sources()) == 3


def test_a_collection_that_rests_holds_up_no_other(tmp_path: Path) -> None:
    office = Office(tmp_path, extractor=ScriptedExtractor(unavailable, paid=True))
    office.submit(*NOTES[:3])
    office.work()
    other = replace(SETTINGS, extractor="other")
    office.shop.extractors["other"] = ScriptedExtractor(fingerprint="other", paid=True)
    office.shop.store.create_collection("letters", other)
    office.shop.pipeline.submit("letters", NOTES[:2])
    office.broker.send("prepare", {})
    office.work()
    assert len(office.shop.store.fingerprints("letters")) == 2


@pytest.mark.parametrize("waiting", [0, MOST_WAITING])
def test_documents_are_taken_with_as_many_requests_however_many_collections_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waiting: int
) -> None:
    office = Office(tmp_path, extractor=ScriptedExtractor(unavailable, paid=True))
    for number in range(10):
        office.shop.store.create_collection(f"empty {number}", SETTINGS)
    office.submit(*NOTES[:3])
    office.work()
    assert list(office.flow._pauses.known()) == [COLLECTION]
    monkeypatch.setattr(office.broker, "depth", {"extract": waiting, "urgent": 0}.get)
    asked: list[object] = []
    lease = office.shop.queue.lease

    def counted(**wanted: Any) -> Sequence[Task]:
        asked.append(wanted)
        return lease(**wanted)

    monkeypatch.setattr(office.shop.queue, "lease", counted)
    office.flow.dispatcher.prepare()
    assert len(asked) == 2


def test_drafts_are_made_though_another_collection_cannot_be_worked_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Missing(ScriptedExtractor):
        @property
        def paid(self) -> bool:
            raise DependencyMissing("a package", "an extra")

    quick = ScriptedExtractor(fingerprint="quick")
    office = Office(tmp_path, first_tier="quick", extractors={"quick": quick, "missing": Missing()})
    office.shop.store.create_collection("atlas", replace(SETTINGS, extractor="missing"))
    office.submit(*NOTES[:3])
    full = {"extract": MOST_WAITING}
    monkeypatch.setattr(office.broker, "depth", lambda queue: full.get(queue, 0))
    assert office.flow.dispatcher.prepare().drafted == 3
    assert len(office.shop.sources()) == 3


def test_a_broker_that_is_away_loses_nothing(office: Office) -> None:
    office.broker.away = True
    office.submit(*NOTES)
    office.sweep()
    office.broker.away = False
    office.sweep()
    office.work()
    assert len(office.shop.sources()) == 20


def test_nothing_is_begun_just_after_the_store_was_away(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise StoreUnavailable("the store is away")

    job = office.submit(*NOTES)
    with monkeypatch.context() as patch:
        patch.setattr(office.shop.queue, "lease", away)
        office.work()
    office.broker.send("prepare", {})
    office.work()
    assert office.shop.queue.job(job).counts == {TaskState.QUEUED: 20}
    monkeypatch.setattr(time, "monotonic", lambda: 1e12)
    office.broker.send("prepare", {})
    office.work()
    assert len(office.shop.sources()) == 20


def test_a_full_disk_under_the_embedding_cache_does_not_keep_a_worker_from_documents(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "full").touch()

    def fails(*_: object, **__: object) -> None:
        VectorFile(tmp_path / "full" / "vectors.sqlite3")

    monkeypatch.setattr(HashEmbedder, "embed", fails)
    office.broker.send("publish", {"collection": COLLECTION})
    office.broker.send("embed", {"collection": COLLECTION, "texts": {"passage": ["a"]}})
    office.work()
    told = {one.step: one.reason for one in refusals(office.shop.queue, COLLECTION)}
    assert "Cannot use the embedding cache" in told["embed"]
    office.submit(*NOTES)
    office.work()
    assert len(office.shop.sources()) == 20


def test_documents_say_why_they_wait_for_an_embedding_cache_that_cannot_be_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "full").touch()

    def fails(*_: object, **__: object) -> None:
        VectorFile(tmp_path / "full" / "vectors.sqlite3")

    office = Office(tmp_path, settings=SHORT)
    with monkeypatch.context() as patch:
        patch.setattr(HashEmbedder, "__init__", fails)
        job = office.submit(*NOTES[:2])
        office.work()
        assert office.shop.queue.job(job).counts == {TaskState.QUEUED: 2}
        tasks = office.shop.queue.tasks(job)
        assert any("Cannot use the embedding cache" in task.error for task in tasks)
    time.sleep(1.1)
    office.sweep()
    office.work()
    assert office.shop.queue.job(job).counts == {TaskState.EXTRACTED: 2}


def test_a_store_that_has_too_much_to_do_does_not_keep_a_worker_from_other_work(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overloaded(*_: object, **__: object) -> None:
        raise StoreOverloaded("no memory left")

    office.submit(*NOTES)
    with monkeypatch.context() as patch:
        patch.setattr(office.shop.queue, "lease", overloaded)
        office.work()
    office.broker.send("prepare", {})
    office.work()
    assert len(office.shop.sources()) == 20


def die_with(office: Office, document: SourceDocument, times: int, text: str = "") -> str:
    """As workers that were killed while they extracted a document's passage; its lease's name."""
    passage = ids.passage_id(COLLECTION, document.title, "", text or document.text)
    name = f"extract {office.shop.extractor.fingerprint} {passage}"
    for number in range(times):
        office.shop.queue.take([name], worker=f"dead {number}", seconds=-1.0)
    return name


@pytest.mark.parametrize(("paid", "most"), [(False, 3), (True, 10)])
def test_a_passage_that_ends_workers_is_given_up(tmp_path: Path, *, paid: bool, most: int) -> None:
    office = Office(tmp_path, extractor=ScriptedExtractor(paid=paid))
    job = office.submit(NOTES[0])
    die_with(office, NOTES[0], most)
    office.work()
    assert office.shop.queue.job(job).counts == {TaskState.EXTRACTED: 1}
    with office.shop.store.read(COLLECTION) as reader:
        (found,) = reader.extractions()
    assert f"died {most} times" in found.failure
    assert office.calls == []
    office.submit(NOTES[0])
    office.work()
    assert office.calls == [NOTES[0].text], "handed in again, it is tried again"
    assert office.shop.counts()["quarantined"] == 0


def test_what_a_dead_process_of_this_machine_reads_is_read_by_another_at_once(
    office: Office,
) -> None:
    machine, pid, _, mark = worker_name().rsplit(":", 3)
    dead = f"{machine}:{pid}:1:{mark}/thread"
    job = office.submit(NOTES[0])
    name = die_with(office, NOTES[0], 0)
    office.shop.queue.take([name], worker=dead, seconds=3600)
    office.shop.queue.hold("sweep", worker=dead, seconds=3600)
    office.work()
    assert office.calls == [], "as long as nobody knows that it died"
    office.sweep()
    office.work()
    assert office.shop.queue.job(job).counts == {TaskState.EXTRACTED: 1}


@pytest.mark.parametrize(("paid", "times"), [(False, 2), (True, 5)])
def test_a_passage_on_which_a_worker_died_is_tried_again_and_alone(
    tmp_path: Path, *, paid: bool, times: int
) -> None:
    office = Office(tmp_path, extractor=ScriptedExtractor(paid=paid), settings=SHORT)
    long = note("long", "Hebb wrote a book. Milner read the book. Olds did not read any book.")
    job = office.submit(long)
    deadly = "Hebb wrote a book. Milner read the book."
    name = die_with(office, long, times, deadly)
    office.work()
    assert office.shop.queue.job(job).counts == {TaskState.EXTRACTED: 1}
    assert office.shop.counts()["quarantined"] == 0
    assert office.calls == ["Olds did not read any book.", deadly], "after the others"
    assert office.shop.queue.take([name], worker="w", seconds=1) == {name: 0}, "it is forgotten"


def test_what_a_worker_held_when_it_was_killed_waits_for_no_turns_at_a_model(
    tmp_path: Path,
) -> None:
    office = Office(tmp_path, settings=SHORT)
    long = note("long", "Hebb wrote a book. Milner read the book. Olds did not read any book.")
    office.submit(long)
    first = "Hebb wrote a book. Milner read the book."
    name = die_with(office, long, 4, first)
    office.work()
    assert office.calls == [first, "Olds did not read any book."], "together, as they stand"
    assert office.shop.queue.take([name], worker="w", seconds=1) == {name: 0}, "it is forgotten"


def test_what_was_held_long_ago_is_forgotten_now_and_then(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeper, "_LEASES_KEPT", 0.0)
    queue, sweeping = office.shop.queue, sweeper.Sweeper(office.flow)
    for lost in (0, 1):
        queue.hold("refuses all", worker="dead", seconds=0.0)
        sweeping.round()
        assert queue.take(["refuses all"], worker="other", seconds=0.0) == {"refuses all": lost}
        queue.let_go("refuses all", worker="other")


def test_a_worker_of_another_store_warns_and_loses_nothing(tmp_path: Path) -> None:
    office = Office(tmp_path / "one")
    other = Workshop(folder=tmp_path / "other")
    other.store.delete_collection(COLLECTION)
    stranger = Flow(
        Tools(
            pipeline=other.pipeline,
            broker=office.broker,
            meter=NoMeter(),
            times=office.times,
            name="attic:1:1:x",
        )
    )
    office.submit(NOTES[0])
    office.broker.deliver_one(office.flow)
    with structlog.testing.capture_logs() as told:
        while office.broker.steps():
            office.broker.deliver_one(stranger)
    warnings = [row for row in told if row["log_level"] == "warning"]
    assert [row["collection"] for row in warnings] == [COLLECTION]
    assert "another store" in warnings[0]["event"]
    office.sweep()
    office.work()
    assert office.shop.sources() == ["0"]
