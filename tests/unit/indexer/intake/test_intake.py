"""Whatever is handed in, and however much, is queued a little at a time."""

import tracemalloc
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from indexer.intake import intake
from indexer.intake.intake import portions
from indexer.intake.submission import Submission
from kg.errors import InputError, WaitsOtherwise
from kg.jobs import Budget, Job, TaskState
from kg.records import Document, SourceDocument
from kg.sqlite import SQLiteStore
from tests.doubles.workshop import COLLECTION, Workshop, note

NUMBER: dict[str, Any] = {"text": 3}


def notes(number: int, text: str = "Milner met H.M.") -> list[SourceDocument]:
    return [note(str(each), text) for each in range(number)]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A portion is three documents."""
    monkeypatch.setattr(intake, "PORTION_DOCUMENTS", 3)


def sizes(documents: list[SourceDocument]) -> list[tuple[int, bool]]:
    return [(len(portion), is_last) for portion, is_last in portions(documents)]


def only_job(shop: Workshop) -> Job:
    (job,) = shop.queue.jobs()
    return job


@pytest.mark.usefixtures("small")
def test_the_last_portion_is_known_as_such() -> None:
    assert sizes(notes(7)) == [(3, False), (3, False), (1, True)]
    assert sizes(notes(6)) == [(3, False), (3, True)]
    assert sizes([]) == [(0, True)]


@pytest.mark.parametrize(
    ("documents", "problem"),
    [
        ("abc", "must be a list of SourceDocument .*'abc'"),
        (None, "must be a list of SourceDocument .*None"),
        (["abc"], "must be a list of SourceDocument .*'abc'"),
        ([note("", "A text.")], "has no source .*Give it one"),
        ([note("a", " \n")], "has no text .source 'a'"),
        ([replace(note("a", "b"), **NUMBER)], "text of a document must be a string, not 3"),
    ],
)
def test_what_is_no_document_makes_no_job(shop: Workshop, documents: Any, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        shop.pipeline.submit(COLLECTION, documents)
    assert shop.queue.jobs() == []


def test_a_long_text_is_a_portion_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "PORTION_CHARS", 10)
    texts = ["12345", "12345", "1", "long" * 10, "1"]
    found = sizes([note(str(number), text) for number, text in enumerate(texts)])
    assert found == [(2, False), (1, False), (1, False), (1, True)]


def test_texts_are_not_gathered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "PORTION_CHARS", 400_000)
    store = SQLiteStore(tmp_path / "ammon.sqlite")
    shop = Workshop(folder=tmp_path, store=store)
    documents = (note(str(number), f"{number} " * 50_000) for number in range(100, 200))
    tracemalloc.start()
    found = shop.pipeline.submit(COLLECTION, documents)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    store.close()
    assert found.submitted == 100
    assert peak < 6_000_000  # of 20,000,000 that were handed in


class Ledger(SQLiteStore):
    """Notes how many documents each transaction queues."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.queued: list[int] = []

    def fill(
        self, job_id: str, documents: Sequence[Document], *, worker: str, seconds: float
    ) -> bool:
        self.queued.append(len(documents))
        return super().fill(job_id, documents, worker=worker, seconds=seconds)


@pytest.mark.usefixtures("small")
def test_no_transaction_has_more_than_a_portion(tmp_path: Path) -> None:
    store = Ledger(tmp_path / "ammon.sqlite")
    shop = Workshop(folder=tmp_path, store=store)
    found = shop.pipeline.submit(COLLECTION, notes(8))
    assert (found.submitted, store.queued) == (8, [3, 2, 0])
    store.close()


@pytest.mark.usefixtures("small")
def test_a_job_is_not_over_while_more_is_read_though_all_that_came_is_done(shop: Workshop) -> None:
    seen: list[Job] = []

    def read() -> Iterator[SourceDocument]:
        yield from notes(4)
        shop.pipeline.process(shop.lease())
        seen.append(only_job(shop))

    found = shop.pipeline.submit(COLLECTION, read())
    assert (seen[0].counts, seen[0].open, seen[0].filling) == ({TaskState.EXTRACTED: 3}, 0, True)
    assert found.job is not None
    assert (found.job.total, found.job.open, found.job.filling) == (4, 1, False)


@pytest.mark.usefixtures("small")
def test_what_was_read_before_a_mishap_is_taken_in_and_the_rest_the_next_time(
    shop: Workshop,
) -> None:
    def read() -> Iterator[SourceDocument]:
        yield from notes(5)
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        shop.pipeline.submit(COLLECTION, read())
    job = only_job(shop)
    assert (job.counts, job.filling) == ({TaskState.QUEUED: 3}, False)
    again = shop.pipeline.submit(COLLECTION, notes(5))
    assert (again.submitted, again.under_way) == (2, 3)
    shop.pipeline.process(shop.lease())
    assert shop.pipeline.submit(COLLECTION, notes(5)) == Submission(job=None, unchanged=5)


@pytest.mark.usefixtures("small")
def test_nothing_more_is_read_for_a_job_that_was_cancelled(shop: Workshop) -> None:
    read: list[SourceDocument] = []

    def reading() -> Iterator[SourceDocument]:
        for document in notes(30):
            if len(read) == 5:
                shop.pipeline.cancel(only_job(shop).id)
            read.append(document)
            yield document

    found = shop.pipeline.submit(COLLECTION, reading())
    assert found.job is not None
    assert (found.job.counts, found.submitted, len(read)) == ({TaskState.CANCELLED: 3}, 3, 7)


@pytest.mark.usefixtures("small")
def test_of_one_source_in_two_portions_the_later_text_counts(shop: Workshop) -> None:
    shop.ingest(note("2", "before"))
    newer = replace(note("0", ""), text="Milner met Molaison.")
    found = shop.pipeline.submit(COLLECTION, [*notes(4), newer, note("3", "Milner met H.M.")])
    assert (found.submitted, sorted(found.superseded), len(found.replaced)) == (4, ["0", "3"], 1)
    shop.pipeline.process(shop.lease())
    assert sorted(shop.texts()) == ["Milner met H.M."] * 3 + ["Milner met Molaison."]


@pytest.mark.usefixtures("small")
def test_terms_that_a_later_portion_cannot_have_leave_the_earlier_ones_queued(
    shop: Workshop,
) -> None:
    shop.pipeline.submit(COLLECTION, [note("4", "Milner met H.M.")])
    with pytest.raises(WaitsOtherwise):
        shop.pipeline.submit(COLLECTION, notes(5), budget=Budget(tokens=5))
    job, _ = shop.queue.jobs()
    assert (job.total, job.filling, job.budget.tokens) == (3, False, 5)
