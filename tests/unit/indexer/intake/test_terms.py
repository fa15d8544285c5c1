"""A budget or a priority is never ignored because the documents wait already."""

from dataclasses import replace

import pytest

from indexer.intake.submission import Submission
from kg.errors import WaitsOtherwise
from kg.jobs import Budget, TaskState
from tests.doubles.workshop import COLLECTION, SETTINGS, Workshop, note

MILNER = note("milner", "Milner studied Molaison.")
SCOVILLE = note("scoville", "Scoville operated on Molaison.")
SOME = Budget(tokens=500)


def waiting(shop: Workshop, *, priority: int = 0, budget: Budget | None = None) -> str:
    """The job that Milner waits in."""
    found = shop.pipeline.submit(COLLECTION, [MILNER], priority=priority, budget=budget or Budget())
    assert found.job is not None
    return found.job.id


@pytest.mark.parametrize("before", [Budget(), Budget(tokens=501), Budget(tokens=500, cost=1.0)])
def test_a_budget_for_what_waits_under_another_is_refused(shop: Workshop, before: Budget) -> None:
    job = waiting(shop, budget=before)
    with pytest.raises(
        WaitsOtherwise, match=f"^1 document waits .*[(]ammon jobs cancel {job}"
    ) as told:
        shop.pipeline.submit(COLLECTION, [MILNER, SCOVILLE], budget=SOME)
    assert "another budget, or none" in str(told.value)
    assert shop.queue.waiting() == 1


def test_what_is_being_worked_on_counts_as_waiting(shop: Workshop) -> None:
    waiting(shop)
    shop.lease()
    with pytest.raises(WaitsOtherwise):
        shop.pipeline.submit(COLLECTION, [MILNER], budget=SOME)


def test_a_priority_for_what_waits_with_another_is_refused(shop: Workshop) -> None:
    waiting(shop)
    with pytest.raises(WaitsOtherwise, match="another priority, or none"):
        shop.pipeline.submit(COLLECTION, [MILNER], priority=3)


def test_the_same_terms_again_go_on(shop: Workshop) -> None:
    waiting(shop, priority=3, budget=SOME)
    again = shop.pipeline.submit(COLLECTION, [MILNER], priority=3, budget=SOME)
    assert again == Submission(job=None, under_way=1)


def test_without_terms_what_waits_goes_on_under_its_own(shop: Workshop) -> None:
    waiting(shop, priority=3, budget=SOME)
    assert shop.pipeline.submit(COLLECTION, [MILNER]) == Submission(job=None, under_way=1)


def test_what_other_documents_wait_under_does_not_matter(shop: Workshop) -> None:
    waiting(shop)
    found = shop.pipeline.submit(COLLECTION, [SCOVILLE], budget=SOME)
    assert found.job is not None
    assert found.job.budget == SOME


def test_a_new_text_of_what_waits_takes_the_new_budget(shop: Workshop) -> None:
    before = waiting(shop)
    found = shop.pipeline.submit(COLLECTION, [replace(MILNER, text="A slip.")], budget=SOME)
    assert found.submitted == 1
    assert shop.queue.job(before).counts == {TaskState.SUPERSEDED: 1}


def test_after_the_job_is_cancelled_the_documents_come_under_the_budget(shop: Workshop) -> None:
    shop.queue.cancel(waiting(shop))
    found = shop.pipeline.submit(COLLECTION, [MILNER], budget=SOME)
    assert found.job is not None
    assert (found.submitted, found.job.budget) == (1, SOME)


def test_another_way_of_indexing_is_refused_before_anything_changes(shop: Workshop) -> None:
    job = waiting(shop)
    with pytest.raises(WaitsOtherwise, match=job):
        shop.pipeline.reindex(COLLECTION, replace(SETTINGS, max_tokens=7), budget=SOME)
    assert shop.store.collection(COLLECTION).settings == SETTINGS
