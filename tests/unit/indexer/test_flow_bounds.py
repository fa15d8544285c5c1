"""A message is done with in bounded time, however much its work is and however slow the model."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import structlog

from indexer.pipeline import Pipeline
from indexer.progress import ReportProgress
from kg.errors import SnapshotDamaged
from kg.jobs import Task, TaskState
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.office import AT_ONCE, NOTES, SHORT, Office, undisturbed
from tests.doubles.waiting import until
from tests.doubles.workshop import COLLECTION, note

NO_TIME = replace(AT_ONCE, message=-1.0)
TEXT = " ".join(f"Person{number} met Person{number + 1}." for number in range(16))


@pytest.mark.parametrize("paid", [True, False])
def test_what_there_is_no_time_for_goes_into_another_message(tmp_path: Path, *, paid: bool) -> None:
    extractor = ScriptedExtractor(paid=paid)
    office = Office(tmp_path, times=NO_TIME, settings=SHORT, extractor=extractor)
    job = office.submit(note("long", TEXT))
    office.work()
    office.broker.send("prepare", {})
    office.work()
    assert office.shop.queue.job(job).counts == {TaskState.EXTRACTED: 1}
    assert len(office.calls) == len(set(office.calls)), "nothing is asked for twice"
    sizes = [len(sent["passages"]) for step, sent in office.broker.sent if step == "extract"]
    if paid:
        assert sizes == [4, 4, 3, 3, 2, 2, 1, 1]
    assert office.graph() == undisturbed(tmp_path / "other", [note("long", TEXT)], settings=SHORT)


def test_taking_documents_goes_on_by_another_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path, times=replace(AT_ONCE, message=0.05))
    submitted = office.submit(*NOTES)
    lease = office.shop.queue.lease
    began = Event()

    def slowly(**asked: Any) -> Sequence[Task]:
        began.wait(0.06)
        return lease(**asked)

    monkeypatch.setattr(office.shop.queue, "lease", slowly)
    office.flow.take("prepare", {})
    taken = office.shop.queue.job(submitted).counts[TaskState.EXTRACTING]
    assert taken < len(NOTES)
    assert "prepare" in office.broker.steps()[1:]


def publishing_slowly(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Office, Event]:
    """A worker asked to publish what takes longer than a message may, until the event is set."""
    office, go_on, publish = _impatient(folder), Event(), Pipeline.publish

    def slowly(self: Pipeline, collection: str, progress: ReportProgress) -> str | None:
        go_on.wait(60)
        return publish(self, collection, progress)

    monkeypatch.setattr(Pipeline, "publish", slowly)
    office.flow.take("publish", {"collection": COLLECTION})
    return office, go_on


def _impatient(folder: Path) -> Office:
    """Its messages may take no time; there is something to be published."""
    office = Office(folder, times=replace(AT_ONCE, message=0.05))
    office.shop.ingest(*NOTES)
    return office


def test_a_snapshot_that_takes_long_needs_no_message_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, go_on = publishing_slowly(tmp_path, monkeypatch)
    assert office.flow.busy, "it is being made"
    assert office.shop.snapshots().current() is None
    go_on.set()
    until(lambda: not office.flow.busy)
    assert len(office.shop.snapshot().documents.id) == len(NOTES)


def test_a_process_that_ends_waits_for_the_snapshot_that_no_message_waits_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, go_on = publishing_slowly(tmp_path, monkeypatch)
    closing = Thread(target=office.flow.close)
    closing.start()
    closing.join(0.2)
    assert closing.is_alive()
    go_on.set()
    closing.join(60)
    assert not office.flow.busy


def test_a_snapshot_that_fails_when_no_message_waits_for_it_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, go_on = _impatient(tmp_path), Event()

    def fail(*_: object) -> None:
        go_on.wait(60)
        raise SnapshotDamaged("It is damaged.")

    monkeypatch.setattr(Pipeline, "publish", fail)
    with structlog.testing.capture_logs() as said:
        office.flow.take("publish", {"collection": COLLECTION})
        assert said == []
        go_on.set()
        until(lambda: bool(said))
    assert [line["reason"] for line in said] == ["It is damaged."]
