"""Which jobs are told of, and which are forgotten."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from indexer.flow.pauses import Pauses
from indexer.refusals import Refusal
from kg.errors import ModelUnavailable
from kg.records import Document, Quarantined, SourceDocument
from server.core import Core
from server.reports.collection_status import collection_status
from server.reports.jobs import prune, running
from server.reports.status import job_status, job_statuses, quarantine_of
from server.reports.surroundings import HELD_UP
from tests.doubles.house import open_house, settings_in


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    opened = open_house(settings_in(tmp_path))
    opened.create_collection("papers")
    yield opened
    opened.close()


def submitted(core: Core, source: str, collection: str = "papers") -> str:
    document = SourceDocument(source=source, title="", text="Some text.")
    job = core.submit(collection, [document]).job
    assert job is not None
    return job.id


def finished(core: Core, number: int) -> None:
    """So many jobs that were cancelled."""
    for each in range(number):
        core.queue.cancel(submitted(core, f"gone {each}"))


def told(core: Core) -> list[tuple[str, str]]:
    return [(one.job.id, one.state) for one in running(core)]


def test_what_waits_is_told_of_behind_any_number_of_newer_jobs(core: Core) -> None:
    core.create_collection("letters")
    jobs = [submitted(core, "a"), submitted(core, "b"), submitted(core, "c", "letters")]
    finished(core, 101)
    assert sorted(told(core)) == sorted((job, "running") for job in jobs)


def test_what_is_to_be_published_is_told_of_too(core: Core) -> None:
    job = submitted(core, "a")
    core.pipeline.process(core.queue.lease(worker="test", limit=10, seconds=60))
    finished(core, 101)
    assert told(core) == [(job, "publishing")]
    core.pipeline.publish("papers")
    assert told(core) == []


def test_what_is_still_handed_in_is_running(core: Core) -> None:
    document = Document(id="doc-1", fingerprint="1", source="a", title="", text="Some text.")
    job = core.queue.enqueue("papers", [document], filler="ann", seconds=60)
    core.pipeline.process(core.queue.lease(worker="test", limit=10, seconds=60))
    core.pipeline.publish("papers")
    status = job_status(core, core.queue.job(job.id))
    assert (status.state, status.seconds_left, told(core)) == (
        "running",
        None,
        [(job.id, "running")],
    )
    core.queue.fill(job.id, [], worker="ann", seconds=0)
    assert told(core) == []


def test_only_its_own_documents_are_told_to_be_in_quarantine(core: Core) -> None:
    job = submitted(core, "a")
    core.pipeline.process(core.queue.lease(worker="test", limit=10, seconds=60))
    assert quarantine_of(core, core.queue.job(job)) == ()


def test_a_jobs_quarantine_is_found_by_the_documents_that_are_in_it(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = submitted(core, "a")
    core.pipeline.process(core.queue.lease(worker="test", limit=10, seconds=60))
    asked: list[dict[str, Any]] = []
    tasks = core.queue.tasks
    monkeypatch.setattr(
        core.queue, "tasks", lambda of, **more: [asked.append(more), tasks(of, **more)][1]
    )
    in_it = Quarantined(document_id="doc-1", source="a", passage_id="psg-1", reason="no")
    monkeypatch.setattr(core.store, "quarantined", lambda *_: [in_it])
    quarantine_of(core, core.queue.job(job))
    assert [one["document_ids"] for one in asked] == [{"doc-1"}]


def test_jobs_of_one_collection_or_of_all_are_forgotten(core: Core) -> None:
    core.create_collection("letters")
    finished(core, 2)
    other = submitted(core, "c", "letters")
    core.queue.cancel(other)
    waits = submitted(core, "a")
    assert prune(core, None, days=1) == 0
    assert prune(core, "papers", days=0) == 2
    assert {job.id for job in core.queue.jobs()} == {other, waits}
    assert prune(core, None, days=0) == 1
    assert [job.id for job in core.queue.jobs()] == [waits]


def test_why_documents_wait_is_told_of_their_job_and_their_collection(core: Core) -> None:
    job = submitted(core, "a")
    (task,) = core.queue.lease(worker="test", limit=10, seconds=60)
    assert job_status(core, core.queue.job(job)).waiting_because == ""
    core.queue.release([task.id], worker="test", reason="The model is out of reach.")
    assert job_status(core, core.queue.job(job)).waiting_because == "The model is out of reach."
    assert collection_status(core, "papers").waiting_because == "The model is out of reach."


def test_a_reason_holds_until_some_document_is_worked_on_that_met_nothing(core: Core) -> None:
    job = submitted(core, "a")
    (task,) = core.queue.lease(worker="test", limit=10, seconds=60)
    core.queue.release([task.id], worker="test", reason="The model is out of reach.")
    core.queue.lease(worker="test", limit=10, seconds=60)
    assert job_status(core, core.queue.job(job)).waiting_because, "it is tried again, no more"
    core.pipeline.process(core.queue.leased([task.id]))
    assert job_status(core, core.queue.job(job)).waiting_because == ""


def test_passages_in_quarantine_are_told_of_their_job(core: Core) -> None:
    usual = submitted(core, "a")
    core.pipeline.process(core.queue.lease(worker="test", limit=10, seconds=60))
    status = job_status(core, core.queue.job(usual))
    assert (status.quarantined, status.all_quarantined) == (0, False)


def refuses(core: Core) -> Refusal:
    """A worker cannot publish."""
    error = ModelUnavailable("The embedder is out of reach.")
    Pauses(core.queue, "attic").begin("papers", "publish", error)
    return Refusal(worker="attic", step="publish", reason=str(error))


def test_why_nothing_is_published_is_told_of_the_job_and_the_collection(core: Core) -> None:
    job = submitted(core, "a")
    core.pipeline.process(core.queue.lease(worker="test", limit=10, seconds=60))
    refusal = refuses(core)
    assert list(job_status(core, core.queue.job(job)).refused) == [refusal]
    found = collection_status(core, "papers")
    assert (found.waiting_because, list(found.refused)) == (refusal.reason, [refusal])
    core.pipeline.publish("papers")
    found = collection_status(core, "papers")
    assert (found.waiting_because, list(found.refused)) == ("", [])


def test_while_a_new_embedder_has_made_nothing_the_former_ones_snapshot_counts(core: Core) -> None:
    job = submitted(core, "a")
    core.pipeline.process(core.queue.lease(worker="test", limit=10, seconds=60))
    core.pipeline.publish("papers")
    before = collection_status(core, "papers")
    settings = core.store.collection("papers").settings
    core.pipeline.reindex("papers", replace(settings, embedder="openai:stub"))
    refusal = refuses(core)
    found = collection_status(core, "papers", verify=True)
    assert (found.standing, found.current) == ("swapping", False)
    assert found.snapshot == before.snapshot is not None
    assert found.published_revision == before.published_revision
    assert list(found.refused) == [refusal]
    status = job_status(core, core.queue.job(job))
    assert (status.state, status.indexed, told(core)) == ("done", 1, [])
    core.pipeline.publish("papers")
    assert collection_status(core, "papers").standing == "up to date"


def test_what_keeps_a_reindexing_from_its_end_is_told_of_its_job(core: Core) -> None:
    submitted(core, "a")
    core.pipeline.process(core.queue.lease(worker="test", limit=10, seconds=60))
    core.pipeline.publish("papers")
    settings = core.store.collection("papers").settings
    job = core.pipeline.reindex("papers", replace(settings, max_tokens=50)).job
    assert job is not None
    assert job_status(core, core.queue.job(job.id)).waiting_because == ""
    (task,) = core.queue.lease(worker="test", limit=10, seconds=60)
    core.queue.fail(task.id, "broken", worker="test", retry=False)
    status = job_status(core, core.queue.job(job.id))
    assert (status.state, status.waiting_because) == (
        "publishing",
        HELD_UP.format(failed="1 document", job=job.id),
    )
    core.pipeline.cancel(job.id)
    status = job_status(core, core.queue.job(job.id))
    assert (status.state, status.waiting_because) == ("done", "")


def test_what_jobs_of_a_collection_have_in_common_is_read_once(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        submitted(core, f"{number}")
    core.pipeline.process(core.queue.lease(worker="test", limit=10, seconds=60))
    asked: list[str] = []

    def counted(name: str) -> Callable[[str], object]:
        asks = getattr(core.store, name)

        def ask(collection: str) -> object:
            asked.append(name)
            return asks(collection)

        return ask

    for name in ("collection", "quarantined"):
        monkeypatch.setattr(core.store, name, counted(name))
    found = job_statuses(core, core.queue.jobs("papers"))
    assert [one.state for one in found] == ["publishing"] * 5
    assert sorted(asked) == ["collection", "quarantined"]
