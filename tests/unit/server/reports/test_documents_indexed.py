"""A job's number of documents that questions see grows, and never falls."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kg.errors import RevisionForgotten
from kg.jobs import Job
from kg.records import SourceDocument
from kg.store import Changes
from server.core import Core
from server.reports import surroundings
from server.reports.indexed import IndexedDocuments
from server.reports.status import job_status
from tests.doubles.house import open_house, settings_in

FAR = 40
"""So many revisions behind, a snapshot is not compared with the graph at each look."""


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    opened = open_house(settings_in(tmp_path))
    opened.create_collection("papers")
    yield opened
    opened.close()


def document(number: int, text: str = "Some text") -> SourceDocument:
    return SourceDocument(source=f"{number}", title="", text=f"{text}, number {number}.")


def submitted(core: Core, documents: int) -> str:
    job = core.submit("papers", [document(number) for number in range(documents)]).job
    assert job is not None
    return job.id


def finish(core: Core, documents: int) -> None:
    """So many documents come into the graph, each in a revision of its own."""
    for _ in range(documents):
        core.pipeline.process(core.queue.lease(worker="test", limit=1, seconds=60))


def indexed(core: Core, job: str) -> int:
    return job_status(core, core.queue.job(job)).indexed


@pytest.fixture
def reads(core: Core, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The revisions since which changes are read."""
    found: list[int] = []
    changes_since = core.store.changes_since

    def counted(collection: str, revision: int) -> Changes:
        found.append(revision)
        return changes_since(collection, revision)

    monkeypatch.setattr(core.store, "changes_since", counted)
    return found


def another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was asked for no job yet."""
    monkeypatch.setattr(surroundings, "_INDEXED", IndexedDocuments())


def test_what_is_published_counts_while_more_comes_in(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = submitted(core, 6)
    told = [indexed(core, job)]
    for more in (2, 3):
        finish(core, more)
        told.append(indexed(core, job))
        core.pipeline.publish("papers")
        told.append(indexed(core, job))
    finish(core, 1)
    told.append(indexed(core, job))
    another_process(monkeypatch)
    told.append(indexed(core, job))
    core.pipeline.publish("papers")
    assert [*told, indexed(core, job)] == [0, 0, 2, 2, 5, 5, 5, 6]


def test_a_snapshot_far_behind_is_compared_with_the_graph_once(
    core: Core, reads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = submitted(core, 3 * FAR)
    finish(core, 3)
    core.pipeline.publish("papers")
    finish(core, FAR)
    another_process(monkeypatch)
    assert [indexed(core, job) for _ in range(5)] == [3] * 5
    assert len(reads) == 1
    finish(core, FAR)
    assert (indexed(core, job), len(reads)) == (3, 1)


def test_what_was_finished_at_a_look_before_the_publication_counts_without_reading(
    core: Core, reads: list[int]
) -> None:
    job = submitted(core, 3 * FAR)
    finish(core, FAR)
    assert (indexed(core, job), reads) == (0, []), "there is no snapshot"
    published = core.pipeline.publish("papers")
    finish(core, FAR)
    assert core.snapshot_folder("papers").current() == published
    assert (indexed(core, job), reads) == (FAR, [])


def test_it_does_not_fall_from_what_was_told_when_all_was_seen(
    core: Core, reads: list[int]
) -> None:
    job = submitted(core, 3 * FAR)
    finish(core, 2)
    assert indexed(core, job) == 0
    finish(core, 2)
    core.pipeline.publish("papers")
    assert indexed(core, job) == 4
    finish(core, FAR)
    assert (indexed(core, job), reads) == (4, [])


def test_another_job_s_newer_text_of_a_document_takes_nothing_away(core: Core) -> None:
    job = submitted(core, 4)
    finish(core, 3)
    core.pipeline.publish("papers")
    assert indexed(core, job) == 3
    assert core.submit("papers", [document(0, "Newer text")]).job
    finish(core, 2)
    assert indexed(core, job) == 3


def test_changes_that_are_not_known_any_more_take_nothing_away(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgotten(*_: object) -> Changes:
        raise RevisionForgotten("Too long ago.")

    job = submitted(core, 4)
    finish(core, 2)
    core.pipeline.publish("papers")
    assert indexed(core, job) == 2
    monkeypatch.setattr(core.store, "changes_since", forgotten)
    finish(core, 1)
    assert indexed(core, job) == 2
    another_process(monkeypatch)
    assert indexed(core, job) == 0, "nobody can tell"


def test_an_older_look_that_comes_later_takes_nothing_away(core: Core) -> None:
    job = submitted(core, 4)
    finish(core, 2)
    older = core.queue.job(job)
    finish(core, 1)
    core.pipeline.publish("papers")
    finish(core, 1)
    looks: list[Job] = [core.queue.job(job), older, core.queue.job(job)]
    assert [job_status(core, look).indexed for look in looks] == [3, 2, 3]


def test_what_is_read_again_is_not_seen_before_the_graph_is_replaced(core: Core) -> None:
    submitted(core, 3)
    finish(core, 3)
    core.pipeline.publish("papers")
    settings = core.store.collection("papers").settings
    job = core.pipeline.reindex("papers", replace(settings, max_tokens=50)).job
    assert job is not None
    finish(core, 2)
    assert indexed(core, job.id) == 0
    finish(core, 1)
    core.pipeline.publish("papers")
    assert indexed(core, job.id) == 3
