"""Messages between workers may be lost, late or doubled: all documents come in all the same."""

import random
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from indexer.flow import dispatch
from indexer.flow.broker import Step
from kg.jobs import TaskState
from kg.records import JSON, Passage, SourceDocument
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.office import NOTES, SHORT, Office, undisturbed
from tests.doubles.workshop import COLLECTION, SETTINGS, note


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
    office.broker.deliver(office.flow, times=lambda step: 2)
    assert sorted(office.calls) == sorted(document.text for document in NOTES)
    assert office.graph() == undisturbed(tmp_path / "other", NOTES)


@pytest.mark.parametrize("seed", range(5))
def test_lost_messages_are_sent_again(office: Office, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    job = office.submit(*NOTES)
    for _ in range(100):
        office.broker.deliver(office.flow, times=lambda step: chance.choice([0, 0, 1, 2]))
        if not office.shop.queue.job(job).open:
            break
        office.sweep()
    assert office.graph() == undisturbed(tmp_path / "other", NOTES)
    assert sorted(office.calls) == sorted(document.text for document in NOTES)


def test_what_a_dead_process_took_is_done_by_another(office: Office, tmp_path: Path) -> None:
    dead = office.process()
    office.submit(*NOTES)
    dead.take("prepare", {})
    office.broker.waiting.clear()
    assert office.shop.queue.reclaim(lambda worker: worker == dead.tools.name) == 20
    office.sweep()
    office.work()
    assert office.graph() == undisturbed(tmp_path / "other", NOTES)


def test_batches_of_a_former_holder_are_left_alone(office: Office) -> None:
    former = office.process()
    office.submit(*NOTES)
    former.take("prepare", {})
    former.close()
    office.broker.deliver(office.flow, times=lambda step: 1 if step == "extract" else 0)
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
    batches = [message for step, message in office.broker.sent if step == "extract"]
    assert len(batches) > 4
    assert {len(batch["passages"]) for batch in batches[:-1]} == {4}
    office.work()
    assert office.graph() == undisturbed(tmp_path / "other", [note("long", text)], settings=SHORT)
    assert len(office.calls) == len(set(office.calls))


def test_passages_that_two_processes_count_are_told_of_once(tmp_path: Path) -> None:
    office = Office(tmp_path, settings=SHORT)
    other, told = office.process(), list[bool]()

    def count(_: Passage) -> str:
        progress = office.shop.queue.job(job).progress
        told.append(progress.passages_done <= progress.passages)
        # What is saved by now is found by another process before it is noted by this one.
        other.dispatcher.commit([task.id for task in office.shop.queue.tasks(job)])
        return ""

    office.shop.extractor = ScriptedExtractor(count, paid=True)
    text = " ".join(f"Person{number} met Person{number + 1}." for number in range(9))
    job = office.submit(note("long", text))
    office.work()
    progress = office.shop.queue.job(job).progress
    assert (progress.passages_done, all(told)) == (len(told), True)
    assert progress.passages == len(told) > 4


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
    assert 64 <= (office.broker.depth("extract") or 0) <= 64 + 8
    office.work()
    assert office.shop.counts()["documents"] == 600


def test_a_cancelled_job_is_not_paid_for(office: Office) -> None:
    job = office.submit(*NOTES)
    office.flow.take("prepare", {})
    office.shop.queue.cancel(job)
    office.work()
    assert office.calls == []
    assert office.shop.sources() == []


def test_drafts_come_in_before_the_model_has_read_anything(tmp_path: Path) -> None:
    quick = ScriptedExtractor(fingerprint="quick")
    office = Office(tmp_path, first_tier="quick", extractors={"quick": quick})
    office.submit(*NOTES)
    office.broker.deliver(office.flow, times=lambda step: int(step != "extract"))
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
    send = office.broker.send

    def noted(step: Step, message: Mapping[str, JSON]) -> bool:
        if step == "extract":
            drafted.append(len(quick.calls))
        return send(step, message)

    office.broker.send = noted  # type: ignore[method-assign]  # a test's own
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
    office.broker.send("prepare", {})
    office.work()
    assert len(office.shop.snapshot().documents.id) == 1


def test_another_extractor_takes_over_when_all_workers_are_done(tmp_path: Path) -> None:
    other = ScriptedExtractor(fingerprint="other", paid=True, relation="comes before")
    office = Office(tmp_path, extractors={"other": other})
    office.submit(*NOTES[:5])
    office.work()
    before = office.graph()
    job = office.shop.pipeline.reindex(COLLECTION, replace(SETTINGS, extractor="other")).job
    assert job is not None
    assert office.graph() == before
    office.broker.send("prepare", {})
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


def test_what_is_more_urgent_than_what_waits_goes_past_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "_LOOK_SECONDS", 0.0)
    office.submit(*(note(str(number), f"Person{number} sat. " * 3) for number in range(600)))
    office.flow.take("prepare", {})
    assert (office.broker.depth("extract") or 0) >= 64
    office.submit(note("late", "Ada met Grace."), priority=1)
    office.flow.take("prepare", {})
    assert office.broker.depth("urgent") == 1
    urgent = [message for step, message in office.broker.sent if step == "urgent"]
    assert [passage[3] for passage in urgent[0]["passages"]] == ["Ada met Grace."]
    waiting = office.shop.queue.job(urgent[0]["job"]).counts
    assert waiting == {TaskState.EXTRACTING: 1}


def test_what_is_as_urgent_as_what_waits_keeps_its_place(office: Office) -> None:
    office.submit(*NOTES, priority=5)
    office.flow.take("prepare", {})
    office.submit(note("late", "Ada met Grace."), priority=5)
    office.flow.take("prepare", {})
    assert office.broker.depth("urgent") == 0
