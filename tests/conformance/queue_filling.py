"""Jobs that are filled by and by."""

import pytest

from kg.errors import JobNotFound
from kg.jobs import TaskState
from tests.conformance.material import (
    COLLECTION,
    Clock,
    Store,
    StoreFixtures,
    document,
    document_id,
)

QUEUED, CANCELLED, SUPERSEDED = TaskState.QUEUED, TaskState.CANCELLED, TaskState.SUPERSEDED


def begun(store: Store, *names: str) -> str:
    """A job that Ann fills for a minute."""
    documents = [document(name) for name in names]
    return store.enqueue(COLLECTION, documents, priority=7, filler="ann", seconds=60).id


class FillingConformance(StoreFixtures):
    def test_what_is_handed_in_by_and_by_is_one_job(self, library: Store) -> None:
        job = begun(library, "a")
        assert library.fill(job, [document("b"), document("c")], worker="ann", seconds=60)
        assert library.fill(job, [], worker="ann", seconds=0)
        assert [task.source for task in library.tasks(job)] == ["a", "b", "c"]
        library.enqueue(COLLECTION, [document("early")])
        leased = library.lease(worker="w", limit=9, seconds=60)
        assert [task.source for task in leased] == ["a", "b", "c", "early"]
        assert all(task.document == document(task.source) for task in leased)

    def test_a_job_is_being_filled_until_its_filler_says_that_it_is_done(
        self, library: Store
    ) -> None:
        job = begun(library, "a")
        assert library.job(job).filling
        assert library.jobs()[0].filling
        library.fill(job, [document("b")], worker="ann", seconds=0)
        assert not library.job(job).filling
        assert not library.enqueue(COLLECTION, [document("c")]).filling

    def test_a_filler_of_whom_nothing_is_heard_is_not_waited_for(
        self, library: Store, clock: Clock
    ) -> None:
        job = begun(library, "a")
        clock.now += 50
        library.fill(job, [], worker="ann", seconds=60)
        clock.now += 50
        assert library.job(job).filling
        clock.now += 11
        assert not library.job(job).filling
        assert library.fill(job, [document("b")], worker="ann", seconds=60)
        assert library.job(job).filling

    def test_a_filler_that_is_dead_is_not_waited_for(self, library: Store) -> None:
        job = begun(library, "a")
        other = library.enqueue(COLLECTION, [], filler="bob", seconds=60).id
        assert library.reclaim(lambda worker: worker == "ann") == 0
        assert not library.job(job).filling
        assert library.job(other).filling

    def test_nobody_else_fills_a_job(self, library: Store) -> None:
        job = begun(library, "a")
        assert not library.fill(job, [document("b")], worker="bob", seconds=60)
        other = library.enqueue(COLLECTION, [document("c")]).id
        assert not library.fill(other, [document("d")], worker="ann", seconds=60)
        assert library.job(job).total == library.job(other).total == 1

    def test_a_job_that_was_cancelled_is_not_filled_any_more(self, library: Store) -> None:
        job = begun(library, "a")
        assert not library.cancel(job).filling
        assert not library.fill(job, [document("b")], worker="ann", seconds=60)
        assert library.job(job).counts == {CANCELLED: 1}

    def test_a_newer_text_takes_the_place_of_one_that_waits(self, library: Store) -> None:
        older = library.enqueue(COLLECTION, [document("b", "old")]).id
        job = begun(library, "a")
        library.fill(job, [document("b", "new"), document("a", "new")], worker="ann", seconds=60)
        assert library.job(older).counts == {SUPERSEDED: 1}
        assert library.job(job).counts == {QUEUED: 2, SUPERSEDED: 1}
        assert library.pending(COLLECTION) == {
            document_id(name): document(name, "new").fingerprint for name in "ab"
        }

    def test_a_job_that_is_not_there_cannot_be_filled(self, library: Store) -> None:
        with pytest.raises(JobNotFound):
            library.fill("job-none", [], worker="ann", seconds=60)
