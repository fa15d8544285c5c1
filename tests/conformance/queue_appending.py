"""Documents that are in the graph are added to a job, and get in nobody's way."""

import pytest

from kg.errors import JobNotFound
from kg.jobs import Budget, TaskState
from tests.conformance.material import COLLECTION, Store, StoreFixtures, document, document_id

QUEUED, EXTRACTING, EXTRACTED, FAILED, CANCELLED, SUPERSEDED = TaskState


class AppendingConformance(StoreFixtures):
    def test_what_is_added_is_under_the_jobs_terms(self, library: Store) -> None:
        job = library.enqueue(COLLECTION, [], priority=2, budget=Budget(tokens=7))
        after = library.append(job.id, [document("a"), document("b")], passages={})
        assert after.counts == {QUEUED: 2}
        assert (after.id, after.priority, after.budget) == (job.id, 2, Budget(tokens=7))
        assert library.job(job.id) == after
        assert [task.source for task in library.tasks(job.id)] == ["a", "b"]

    def test_it_is_marked_and_counted_from_the_start(self, library: Store) -> None:
        job = library.enqueue(COLLECTION, [])
        passages = {document_id("a"): 3, document_id("c"): 9}
        after = library.append(job.id, [document("a"), document("b")], passages=passages)
        assert (after.drafted, after.progress.passages, after.progress.passages_done) == (2, 3, 0)
        assert not library.lease(worker="w", limit=9, seconds=60, drafted=False)
        leased = library.lease(worker="w", limit=9, seconds=60)
        assert [(task.document, task.drafted) for task in leased] == [
            (document("a"), True),
            (document("b"), True),
        ]

    def test_a_text_that_waits_goes_before(self, library: Store) -> None:
        newer = library.enqueue(COLLECTION, [document("a", "new")])
        job = library.enqueue(COLLECTION, [])
        after = library.append(job.id, [document("a", "old"), document("b")], passages={})
        assert [task.source for task in library.tasks(after.id)] == ["b"]
        assert library.job(newer.id).counts == {QUEUED: 1}

    def test_a_text_that_is_worked_on_goes_before(self, library: Store) -> None:
        newer = library.enqueue(COLLECTION, [document("a", "new")])
        library.lease(worker="w", limit=1, seconds=60)
        job = library.enqueue(COLLECTION, [])
        assert library.append(job.id, [document("a", "old")], passages={}).counts == {}
        assert library.job(newer.id).counts == {EXTRACTING: 1}

    def test_it_takes_the_place_of_one_that_failed(self, library: Store) -> None:
        job = library.enqueue(COLLECTION, [document("a", "old")])
        (task,) = library.lease(worker="w", limit=1, seconds=60)
        library.fail(task.id, "no luck", worker="w", retry=False)
        after = library.append(job.id, [document("a", "new")], passages={})
        assert after.counts == {SUPERSEDED: 1, QUEUED: 1}

    def test_of_two_texts_of_one_document_the_first_is_added(self, library: Store) -> None:
        job = library.enqueue(COLLECTION, [])
        both = [document("a", "old"), document("b"), document("a", "new")]
        library.append(job.id, both, passages={})
        leased = library.lease(worker="w", limit=9, seconds=60)
        assert [task.document for task in leased] == [document("a", "old"), document("b")]

    def test_a_text_of_another_collection_is_another_document(self, library: Store) -> None:
        library.create_collection("other", library.collection(COLLECTION).settings)
        library.enqueue("other", [document("a")])
        job = library.enqueue(COLLECTION, [])
        assert library.append(job.id, [document("a")], passages={}).total == 1

    def test_nothing_is_added_to_a_job_that_is_not_there(self, library: Store) -> None:
        with pytest.raises(JobNotFound, match="job-1"):
            library.append("job-1", [document("a")], passages={})
