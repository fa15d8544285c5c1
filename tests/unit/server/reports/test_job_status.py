"""A job tells how fast it is and how long it will take."""

from datetime import UTC, datetime

import pytest

from kg.jobs import Job, Progress, TaskState
from server.reports.status import JobStatus

QUEUED, EXTRACTING, EXTRACTED, FAILED, CANCELLED, SUPERSEDED = TaskState


def status(
    counts: dict[TaskState, int],
    passages: int,
    done: int,
    *,
    drafted: int = 0,
    seconds: float = 10,
    filling: bool = False,
) -> JobStatus:
    job = Job(
        id="job-1",
        collection="papers",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        counts=counts,
        drafted=drafted,
        progress=Progress(passages=passages, passages_done=done),
        worked_seconds=seconds,
        filling=filling,
    )
    return JobStatus(job=job, state="running", indexed=0)


def test_the_rate_is_of_passages_in_the_time_that_was_worked() -> None:
    assert status({QUEUED: 1, EXTRACTED: 1}, 40, 20).rate == 2.0


def test_drafted_documents_are_counted_already() -> None:
    assert status({QUEUED: 3, EXTRACTED: 1}, 40, 10, drafted=3).seconds_left == 30.0


def test_documents_that_nobody_counted_are_taken_for_average_ones() -> None:
    found = status({QUEUED: 2, EXTRACTING: 1, EXTRACTED: 1, CANCELLED: 4, SUPERSEDED: 3}, 20, 10)
    assert found.seconds_left == pytest.approx(10 + 20)


def test_nobody_can_say_before_the_first_passage() -> None:
    found = status({QUEUED: 2}, 0, 0, seconds=0)
    assert (found.rate, found.seconds_left) == (None, None)


def test_nobody_can_say_while_documents_are_open_though_no_passage_is_left() -> None:
    assert status({EXTRACTING: 1, EXTRACTED: 3}, 40, 40).seconds_left is None


def test_what_is_over_takes_no_time() -> None:
    assert status({EXTRACTED: 1, FAILED: 2}, 30, 10).seconds_left == 0.0


@pytest.mark.parametrize(
    ("counts", "filling", "percent"),
    [
        ({EXTRACTED: 3}, False, 100.0),
        ({EXTRACTED: 3}, True, 99.9),
        ({EXTRACTED: 1, QUEUED: 2}, True, 33.3),
        ({EXTRACTED: 99_999, QUEUED: 1}, False, 99.9),
        ({}, True, 0.0),
        ({}, False, 100.0),
    ],
)
def test_a_hundred_percent_is_all_that_will_come(
    counts: dict[TaskState, int], filling: bool, percent: float
) -> None:
    assert status(counts, 0, 0, filling=filling).percent == percent
