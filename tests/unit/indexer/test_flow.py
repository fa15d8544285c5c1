"""Messages between workers may be lost, late or doubled: all documents come in all the same."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from indexer.flow.flow import Flow
from indexer.flow.meter import NoMeter
from indexer.flow.post import Step
from indexer.flow.sweeper import Sweeper
from indexer.flow.tools import Times, Tools
from kg import ids
from kg.errors import DependencyMissing, ModelUnavailable, StoreUnavailable
from kg.jobs import TaskState
from kg.records import JSON, Passage, SourceDocument
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.memory_post import MemoryPost
from tests.doubles.workshop import COLLECTION, SETTINGS, Workshop, note

NOTES = [note(str(number), f"Person{number} met Person{number + 1}.") for number in range(20)]
SHORT = replace(SETTINGS, max_tokens=12)
AT_ONCE = Times(resend=-1.0)
"""What nobody does is sent again by the next sweep."""


class Office:
    """A workshop, a broker in memory, and one process that works."""

    def __init__(self, folder: Path, *, times: Times = AT_ONCE, **shop: Any) -> None:
        self.shop = Workshop(folder=folder, **{"extractor": ScriptedExtractor(paid=True), **shop})
        self.post = MemoryPost()
        self.times = times
        self.flow = self.process()

    def process(self) -> Flow:
        """Another process, with leases of its own."""
        tools = Tools(
            pipeline=self.shop.pipeline,
            post=self.post,
            meter=NoMeter(),
            times=self.times,
            name=f"elsewhere:1:1:{random.random()}",
        )
        return Flow(tools)

    def submit(self, *documents: SourceDocument, **options: Any) -> str:
        """Hand in, and tell workers."""
        job = self.shop.pipeline.submit(COLLECTION, documents, **options).job
        self.post.send("prepare", {})
        assert job is not None
        return job.id

    def work(self) -> None:
        """Take every step that is asked for."""
        self.post.deliver(self.flow)

    def sweep(self) -> None:
        """One round."""
        Sweeper(self.flow).round()

    def graph(self) -> str:
        """The graph, its synonyms linked."""
        self.shop.pipeline.publish(COLLECTION)
        return self.shop.dump()

    @property
    def calls(self) -> list[str]:
        """What the extractor was asked for."""
        extractor = self.shop.extractor
        assert isinstance(extractor, ScriptedExtractor)
        return extractor.calls


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def undisturbed(folder: Path, documents: list[SourceDocument], **shop: Any) -> str:
    """The graph that one process makes of the documents, without messages."""
    other = Workshop(folder=folder, **shop)
    other.ingest(*documents)
    other.pipeline.publish(COLLECTION)
    return other.dump()


def test_documents_come_in_and_are_published(office: Office, tmp_path: Path) -> None:
    office.submit(*NOTES)
    office.work()
    assert office.graph() == undisturbed(tmp_path / "other", NOTES)
    assert len(office.shop.snapshot().documents.id) == 20
    assert office.shop.queue.waiting() == 0


def test_a_burst_is_published_once(office: Office) -> None:
    office.submit(*NOTES)
    office.work()
    assert len(office.shop.snapshots().names()) == 1


def test_messages_that_come_twice_do_nothing_twice(office: Office, tmp_path: Path) -> None:
    office.submit(*NOTES)
    office.post.deliver(office.flow, times=lambda step: 2)
    assert sorted(office.calls) == sorted(document.text for document in NOTES)
    assert office.graph() == undisturbed(tmp_path / "other", NOTES)


@pytest.mark.parametrize("seed", range(5))
def test_lost_messages_are_sent_again(office: Office, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    job = office.submit(*NOTES)
    for _ in range(100):
        office.post.deliver(office.flow, times=lambda step: chance.choice([0, 0, 1, 2]))
        if not office.shop.queue.job(job).open:
            break
        office.sweep()
    assert office.graph() == undisturbed(tmp_path / "other", NOTES)
    assert sorted(office.calls) == sorted(document.text for document in NOTES)


def test_what_a_dead_process_took_is_done_by_another(office: Office, tmp_path: Path) -> None:
    dead = office.process()
    office.submit(*NOTES)
    dead.take("prepare", {})
    office.post.waiting.clear()
    assert office.shop.queue.reclaim(lambda worker: worker == dead.tools.name) == 20
    office.sweep()
    office.work()
    assert office.graph() == undisturbed(tmp_path / "other", NOTES)


def test_batches_of_a_former_holder_are_left_alone(office: Office) -> None:
    former = office.process()
    office.submit(*NOTES)
    former.take("prepare", {})
    former.close()
    office.post.deliver(office.flow, times=lambda step: 1 if step == "extract" else 0)
    assert office.calls == []


def test_a_process_that_ends_gives_back_what_it_took(office: Office) -> None:
    job = office.submit(*NOTES)
    office.flow.take("prepare", {})
    assert office.shop.queue.job(job).counts == {TaskState.EXTRACTING: 20}
    office.flow.close()
    assert office.shop.queue.job(job).counts == {TaskState.QUEUED: 20}


def test_a_long_document_is_shared_by_many_workers(tmp_path: Path) -> None:
    office = Office(tmp_path, settings=SHORT)
    text = " ".join(f"Person{number} met Person{number + 1}." for number in range(60))
    office.submit(note("long", text))
    office.flow.take("prepare", {})
    batches = [message for step, message in office.post.sent if step == "extract"]
    assert len(batches) > 4
    assert {len(batch["passages"]) for batch in batches[:-1]} == {4}
    office.work()
    assert office.graph() == undisturbed(tmp_path / "other", [note("long", text)], settings=SHORT)
    assert len(office.calls) == len(set(office.calls))


def test_a_passage_of_two_documents_is_extracted_once(office: Office) -> None:
    twins = [
        SourceDocument(source=name, title="Same", text="Ada met Grace.") for name in ("a", "b")
    ]
    office.submit(*twins)
    office.work()
    assert office.calls == ["Ada met Grace."]
    assert office.shop.sources() == ["a", "b"]


def test_no_more_documents_are_taken_than_the_broker_has_room_for(office: Office) -> None:
    many = [note(str(number), f"Person{number} sat. " * 3) for number in range(600)]
    office.submit(*many)
    office.flow.take("prepare", {})
    assert 64 <= (office.post.depth("extract") or 0) <= 64 + 8
    office.work()
    assert office.shop.counts()["documents"] == 600


def test_a_cancelled_job_is_not_paid_for(office: Office) -> None:
    job = office.submit(*NOTES)
    office.flow.take("prepare", {})
    office.shop.queue.cancel(job)
    office.work()
    assert office.calls == []
    assert office.shop.sources() == []


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
    office.post.send("prepare", {})
    office.work()
    assert len(office.shop.store.fingerprints("letters")) == 2


def test_a_broker_that_is_away_loses_nothing(office: Office) -> None:
    office.post.away = True
    office.submit(*NOTES)
    office.sweep()
    office.post.away = False
    office.sweep()
    office.work()
    assert len(office.shop.sources()) == 20


def test_drafts_come_in_before_the_model_has_read_anything(tmp_path: Path) -> None:
    quick = ScriptedExtractor(fingerprint="quick")
    office = Office(tmp_path, first_tier="quick", extractors={"quick": quick})
    office.submit(*NOTES)
    office.post.deliver(office.flow, times=lambda step: int(step != "extract"))
    assert len(office.shop.sources()) == 20
    assert (len(quick.calls), office.calls) == (20, [])
    office.sweep()
    office.work()
    assert len(office.calls) == 20
    assert office.graph() == undisturbed(tmp_path / "other", NOTES)


def test_drafts_wait_for_no_model_and_models_for_few_drafts(tmp_path: Path) -> None:
    quick = ScriptedExtractor(fingerprint="quick")
    office = Office(tmp_path, first_tier="quick", extractors={"quick": quick})
    drafted: list[int] = []
    send = office.post.send

    def noted(step: Step, message: Mapping[str, JSON]) -> bool:
        if step == "extract":
            drafted.append(len(quick.calls))
        return send(step, message)

    office.post.send = noted  # type: ignore[method-assign]  # a test's own
    many = [note(str(number), f"Person{number} sat. " * 3) for number in range(400)]
    office.submit(*many)
    office.flow.take("prepare", {})
    assert len(quick.calls) == 400, "all are drafted though the model has answered nothing"
    assert 64 <= len(drafted) <= 64 + 8
    assert drafted[0] < 10, "the first batch was sent before most drafts were made"


def test_what_deletion_changed_is_published(office: Office) -> None:
    office.submit(*NOTES[:2])
    office.work()
    gone = next(iter(office.shop.store.fingerprints(COLLECTION)))
    office.shop.pipeline.delete(COLLECTION, [gone])
    office.post.send("prepare", {})
    office.work()
    assert len(office.shop.snapshot().documents.id) == 1


def test_nothing_is_begun_just_after_the_store_was_away(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise StoreUnavailable("the store is away")

    job = office.submit(*NOTES)
    with monkeypatch.context() as patch:
        patch.setattr(office.shop.queue, "lease", away)
        office.work()
    office.post.send("prepare", {})
    office.work()
    assert office.shop.queue.job(job).counts == {TaskState.QUEUED: 20}
    monkeypatch.setattr(time, "monotonic", lambda: 1e12)
    office.post.send("prepare", {})
    office.work()
    assert len(office.shop.sources()) == 20


def test_another_extractor_takes_over_when_all_workers_are_done(tmp_path: Path) -> None:
    other = ScriptedExtractor(fingerprint="other", paid=True, relation="comes before")
    office = Office(tmp_path, extractors={"other": other})
    office.submit(*NOTES[:5])
    office.work()
    before = office.graph()
    job = office.shop.pipeline.reindex(COLLECTION, replace(SETTINGS, extractor="other")).job
    assert job is not None
    assert office.graph() == before
    office.post.send("prepare", {})
    office.work()
    for _ in range(3):
        office.sweep()
        office.work()
    assert len(other.calls) == 5
    assert office.shop.store.collection(COLLECTION).settings.extractor == "other"
    assert set(office.shop.snapshot().facts.relation) == {"comes before"}


def test_what_nobody_wants_ahead_any_more_is_asked_for_no_more(tmp_path: Path) -> None:
    other = ScriptedExtractor(fingerprint="other", paid=True)
    office = Office(tmp_path, extractors={"other": other})
    office.submit(*NOTES[:3])
    office.work()
    job = office.shop.pipeline.reindex(COLLECTION, replace(SETTINGS, extractor="other")).job
    assert job is not None
    office.flow.dispatcher.prepare()
    office.shop.pipeline.cancel(job.id)
    office.work()
    assert other.calls == []
    assert office.shop.store.collection(COLLECTION).settings == SETTINGS


def die_with(office: Office, document: SourceDocument, times: int, text: str = "") -> str:
    """As workers that were killed while they extracted a document's passage; its lease's name."""
    passage = ids.passage_id(COLLECTION, document.title, "", text or document.text)
    name = f"extract {passage}"
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


def test_a_passage_on_which_a_worker_died_is_tried_again_and_alone(tmp_path: Path) -> None:
    office = Office(tmp_path, extractor=ScriptedExtractor(), settings=SHORT)
    long = note("long", "Hebb wrote a book. Milner read the book. Olds did not read any book.")
    job = office.submit(long)
    deadly = "Hebb wrote a book. Milner read the book."
    name = die_with(office, long, 2, deadly)
    office.work()
    assert office.shop.queue.job(job).counts == {TaskState.EXTRACTED: 1}
    assert office.shop.counts()["quarantined"] == 0
    assert office.calls == ["Olds did not read any book.", deadly], "after the others"
    assert office.shop.queue.take([name], worker="w", seconds=1) == {name: 0}, "it is forgotten"
