"""Jobs: made of tasks, counted, cancelled, tried again."""

from datetime import UTC, datetime
from threading import Thread

import pytest

from kg.errors import JobNotFound
from kg.jobs import TaskState
from kg.store import Change
from tests.conformance.material import (
    COLLECTION,
    SETTINGS,
    Clock,
    Store,
    StoreFixtures,
    document,
    document_id,
    graph,
    texts,
    with_fingerprint,
)

QUEUED, EXTRACTING, EXTRACTED, FAILED, CANCELLED, SUPERSEDED = TaskState


class JobsConformance(StoreFixtures):
    def test_a_queue_is_busy_as_long_as_a_task_is_open(self, library: Store) -> None:
        assert not library.busy()
        library.create_collection("other", SETTINGS)
        library.enqueue(COLLECTION, [document("a")])
        assert (library.busy(), library.busy(COLLECTION), library.busy("other")) == (
            True,
            True,
            False,
        )
        (task,) = library.lease(worker="w", limit=1, seconds=60)
        assert library.busy(COLLECTION)
        library.commit(COLLECTION, Change(completed=(task.id,)))
        assert not library.busy()
        assert not library.busy(COLLECTION)

    def test_a_job_has_a_task_for_each_document(self, library: Store, clock: Clock) -> None:
        job = library.enqueue(COLLECTION, [document("a"), document("b")])
        assert (job.collection, job.counts, job.revision) == (COLLECTION, {QUEUED: 2}, 0)
        assert (job.total, job.open) == (2, 2)
        assert job.created_at == datetime.fromtimestamp(clock.now, UTC)
        assert library.job(job.id) == job

    def test_tasks_are_in_order_of_arrival_and_without_documents(self, library: Store) -> None:
        job = library.enqueue(COLLECTION, [document("b", "text"), document("a")])
        tasks = library.tasks(job.id)
        assert [task.source for task in tasks] == ["b", "a"]
        assert [task.document_id for task in tasks] == [document_id("b"), document_id("a")]
        assert {(task.job_id, task.collection, task.document, task.state) for task in tasks} == {
            (job.id, COLLECTION, None, QUEUED)
        }

    def test_tasks_can_be_had_by_state_and_number(self, library: Store) -> None:
        job = library.enqueue(COLLECTION, [document(name) for name in "abc"])
        library.lease(worker="w", limit=1, seconds=60)
        assert [task.source for task in library.tasks(job.id, state=QUEUED)] == ["b", "c"]
        assert [task.source for task in library.tasks(job.id, limit=2)] == ["a", "b"]

    def test_a_job_without_documents_is_done(self, library: Store) -> None:
        job = library.enqueue(COLLECTION, [])
        assert (job.total, job.open, job.counts) == (0, 0, {})

    def test_jobs_come_newest_first(self, library: Store) -> None:
        library.create_collection("other", SETTINGS)
        made = [library.enqueue(name, [document("a")]) for name in (COLLECTION, "other", "other")]
        found = [job.id for job in library.jobs()]
        assert found == [job.id for job in reversed(made)]
        assert [job.id for job in library.jobs(COLLECTION)] == [made[0].id]
        assert [job.id for job in library.jobs(limit=1)] == [made[2].id]
        assert not library.jobs("none")

    def test_every_method_tells_that_a_job_is_missing(self, library: Store) -> None:
        for call in (library.job, library.cancel, library.retry_failed, library.tasks):
            with pytest.raises(JobNotFound, match="job-1"):
                call("job-1")

    def test_a_newer_text_supersedes_the_one_that_waits(self, library: Store) -> None:
        older = library.enqueue(COLLECTION, [document("a", "old"), document("b")])
        newer = library.enqueue(COLLECTION, [document("a", "new")])
        assert library.job(older.id).counts == {QUEUED: 1, SUPERSEDED: 1}
        leased = library.lease(worker="w", limit=9, seconds=60, collection=COLLECTION)
        assert [task.document for task in leased] == [document("b"), document("a", "new")]
        assert leased[1].job_id == newer.id

    def test_a_newer_text_supersedes_one_that_failed(self, library: Store) -> None:
        older = library.enqueue(COLLECTION, [document("a", "old")])
        (task,) = library.lease(worker="w", limit=1, seconds=60)
        library.fail(task.id, "no luck", worker="w", retry=False)
        library.enqueue(COLLECTION, [document("a", "new")])
        assert library.retry_failed(older.id) == 0
        assert library.job(older.id).counts == {SUPERSEDED: 1}

    def test_of_two_texts_of_one_document_in_a_job_the_last_waits(self, library: Store) -> None:
        library.enqueue(COLLECTION, [document("a", "old"), document("a", "new")])
        (task,) = library.lease(worker="w", limit=9, seconds=60)
        assert task.document == document("a", "new")

    def test_equal_ids_of_two_collections_are_two_documents(self, library: Store) -> None:
        library.create_collection("other", SETTINGS)
        library.enqueue(COLLECTION, [document("a", "old")])
        library.enqueue("other", [document("a", "new")])
        assert len(library.lease(worker="w", limit=9, seconds=60)) == 2

    def test_a_commit_completes_tasks_in_its_transaction(self, library: Store) -> None:
        library.commit(COLLECTION, Change(put=(graph("z", "x"),)))
        job = library.enqueue(COLLECTION, [document("a"), document("b")])
        first, _ = library.lease(worker="w", limit=2, seconds=60)
        library.commit(COLLECTION, Change(put=(graph("a"),), completed=(first.id,)))
        after = library.job(job.id)
        assert (after.counts, after.revision) == ({EXTRACTING: 1, EXTRACTED: 1}, 2)

    def test_tasks_are_completed_by_a_change_that_does_nothing(self, library: Store) -> None:
        library.commit(COLLECTION, Change(put=(graph("a", "x"),)))
        job = library.enqueue(COLLECTION, [graph("a", "x").document])
        (task,) = library.lease(worker="w", limit=1, seconds=60)
        same = Change(put=(graph("a", "x"),), completed=(task.id,))
        assert library.commit(COLLECTION, same) == 1
        after = library.job(job.id)
        assert (after.counts, after.revision) == ({EXTRACTED: 1}, 1)

    def test_an_unknown_task_is_completed_without_harm(self, library: Store) -> None:
        assert library.commit(COLLECTION, Change(put=(graph("a"),), completed=("tsk-1",))) == 1

    def test_an_error_is_forgotten_once_the_task_is_done(self, library: Store) -> None:
        job = library.enqueue(COLLECTION, [document("a")])
        (task,) = library.lease(worker="w", limit=1, seconds=60)
        library.fail(task.id, "busy", worker="w", retry=True)
        (task,) = library.lease(worker="w", limit=1, seconds=60)
        assert task.error == "busy"
        library.commit(COLLECTION, Change(completed=(task.id,)))
        assert library.tasks(job.id)[0].error == ""

    def test_cancelling_calls_off_what_is_not_done(self, library: Store) -> None:
        job = library.enqueue(COLLECTION, [document(name) for name in "abcd"])
        done, failed, begun = library.lease(worker="w", limit=3, seconds=60)
        library.commit(COLLECTION, Change(put=(graph("a", "x"),), completed=(done.id,)))
        library.fail(failed.id, "no luck", worker="w", retry=False)
        assert library.cancel(job.id).counts == {EXTRACTED: 1, FAILED: 1, CANCELLED: 2}
        library.commit(COLLECTION, Change(put=(graph("c", "y"),), completed=(begun.id,)))
        assert texts(library) == {"x"}, "what was being worked on does not come in"
        assert library.extend([begun.id], worker="w", seconds=60) == set()
        assert not library.lease(worker="w", limit=9, seconds=60)

    def test_a_cancelled_task_does_not_bring_its_document_in(
        self, library: Store, clock: Clock
    ) -> None:
        """As when a worker sleeps over its lease, and comes back after all was called off."""
        job = library.enqueue(COLLECTION, [document("a")])
        (task,) = library.lease(worker="slow", limit=1, seconds=60)
        library.release([task.id], worker="slow")
        library.cancel(job.id)
        change = Change(put=(graph("a", "x"), graph("b", "y")), completed=(task.id,))
        library.commit(COLLECTION, change)
        assert texts(library) == {"y"}
        assert library.job(job.id).counts == {CANCELLED: 1}

    def test_a_late_worker_does_not_bring_an_older_text_back(
        self, library: Store, clock: Clock
    ) -> None:
        library.enqueue(COLLECTION, [document("a")])
        (late,) = library.lease(worker="late", limit=1, seconds=60)
        clock.now += 61
        (task,) = library.lease(worker="w", limit=1, seconds=60)
        library.commit(COLLECTION, Change(put=(graph("a", "old"),), completed=(task.id,)))
        library.enqueue(COLLECTION, [document("a", "new")])
        (newer,) = library.lease(worker="w", limit=1, seconds=60)
        library.commit(COLLECTION, Change(put=(graph("a", "new"),), completed=(newer.id,)))
        library.commit(COLLECTION, Change(put=(graph("a", "old"),), completed=(late.id,)))
        assert texts(library) == {"new"}

    def test_failed_tasks_can_be_tried_again(self, library: Store) -> None:
        job = library.enqueue(COLLECTION, [document("a", "text"), document("b")])
        first, second = library.lease(worker="w", limit=2, seconds=60)
        library.fail(first.id, "no luck", worker="w", retry=False)
        library.fail(second.id, "bad luck", worker="w", retry=False)
        assert {task.error for task in library.tasks(job.id)} == {"no luck", "bad luck"}
        assert library.retry_failed(job.id) == 2
        assert {task.error for task in library.tasks(job.id)} == {""}, "they do not wait for it"
        again = library.lease(worker="w", limit=9, seconds=60)
        assert [task.document for task in again] == [document("a", "text"), document("b")]
        assert {task.attempts for task in again} == {1}, "attempts are counted anew"

    def test_only_the_jobs_own_failures_are_tried_again(self, library: Store) -> None:
        jobs = [library.enqueue(COLLECTION, [document(name)]) for name in "ab"]
        for task in library.lease(worker="w", limit=2, seconds=60):
            library.fail(task.id, "no luck", worker="w", retry=False)
        assert library.retry_failed(jobs[0].id) == 1
        assert library.job(jobs[1].id).counts == {FAILED: 1}

    def test_withdrawn_documents_are_not_worked_on(self, library: Store) -> None:
        jobs = [library.enqueue(COLLECTION, [document(name)]) for name in "abcd"]
        leased = library.lease(worker="w", limit=2, seconds=60)
        library.fail(leased[1].id, "no luck", worker="w", retry=False)
        gone = [document_id(name) for name in "abcz"]
        assert library.withdraw(COLLECTION, gone) == 3
        states = [library.job(job.id).counts for job in jobs]
        assert states == [{CANCELLED: 1}] * 3 + [{QUEUED: 1}]
        assert library.retry_failed(jobs[1].id) == 0

    def test_what_was_done_already_is_not_withdrawn(self, library: Store) -> None:
        job = library.enqueue(COLLECTION, [document("a")])
        (task,) = library.lease(worker="w", limit=1, seconds=60)
        library.commit(COLLECTION, Change(put=(graph("a"),), completed=(task.id,)))
        assert library.withdraw(COLLECTION, [document_id("a")]) == 0
        assert library.job(job.id).counts == {EXTRACTED: 1}

    def test_a_document_withdrawn_while_it_is_worked_on_does_not_come_in(
        self, library: Store
    ) -> None:
        library.enqueue(COLLECTION, [document("a"), document("b")])
        tasks = library.lease(worker="w", limit=2, seconds=60)
        library.withdraw(COLLECTION, [document_id("a")])
        library.extend([tasks[0].id], worker="w", seconds=60)
        change = Change(
            put=(graph("a", "x"), graph("b", "y")), completed=tuple(task.id for task in tasks)
        )
        library.commit(COLLECTION, change)
        assert texts(library) == {"y"}

    def test_a_document_handed_in_after_it_was_withdrawn_comes_in(self, library: Store) -> None:
        library.enqueue(COLLECTION, [document("a", "old")])
        (late,) = library.lease(worker="late", limit=1, seconds=60)
        library.withdraw(COLLECTION, [document_id("a")])
        library.enqueue(COLLECTION, [document("a", "new")])
        (task,) = library.lease(worker="w", limit=1, seconds=60)
        library.commit(COLLECTION, Change(put=(graph("a", "new"),), completed=(task.id,)))
        library.commit(COLLECTION, Change(put=(graph("a", "old"),), completed=(late.id,)))
        assert texts(library) == {"new"}

    def test_waiting_counts_what_is_not_done(self, library: Store) -> None:
        library.create_collection("other", SETTINGS)
        library.enqueue("other", [document("a")])
        job = library.enqueue(COLLECTION, [document(name) for name in "abcd"])
        tasks = library.lease(worker="w", limit=3, seconds=60, collection=COLLECTION)
        library.commit(COLLECTION, Change(completed=(tasks[0].id,)))
        library.fail(tasks[1].id, "no luck", worker="w", retry=False)
        assert (library.waiting(COLLECTION), library.waiting("other"), library.waiting()) == (
            2,
            1,
            3,
        )
        library.cancel(job.id)
        assert library.waiting(COLLECTION) == 0
        assert library.waiting("none") == 0

    def test_pending_tells_the_newest_text_of_each_document(self, library: Store) -> None:
        library.enqueue(COLLECTION, [document("a", "old"), document("b"), document("c")])
        tasks = library.lease(worker="w", limit=3, seconds=60)
        library.fail(tasks[1].id, "no luck", worker="w", retry=False)
        library.enqueue(COLLECTION, [document("a", "new")])
        assert library.pending(COLLECTION) == {
            document_id("a"): document("a", "new").fingerprint,
            document_id("c"): document("c").fingerprint,
        }
        assert library.pending("none") == {}

    def test_what_waits_of_some_documents_can_be_had(self, library: Store) -> None:
        library.enqueue(COLLECTION, [document("a", "old"), document("b")])
        library.enqueue(COLLECTION, [document("a", "new"), document("c")])
        some = [document_id("a"), document_id("none")]
        assert library.pending(COLLECTION, some) == {
            document_id("a"): document("a", "new").fingerprint
        }
        assert library.pending(COLLECTION, []) == {}

    def test_threads_that_enqueue_at_once_lose_nothing(self, library: Store) -> None:
        def work(worker: int) -> None:
            for number in range(10):
                library.enqueue(COLLECTION, [document(f"{worker} {number}")])

        threads = [Thread(target=work, args=(worker,)) for worker in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert library.waiting(COLLECTION) == 40

    def test_a_put_without_a_task_needs_none(self, library: Store) -> None:
        library.enqueue(COLLECTION, [document("a", "queued")])
        library.commit(COLLECTION, Change(put=(with_fingerprint(graph("a", "x"), "f"),)))
        assert texts(library) == {"x"}

    def test_tasks_of_some_documents_can_be_asked_for(self, library: Store) -> None:
        first = library.enqueue(COLLECTION, [document(name) for name in "abc"])
        library.enqueue(COLLECTION, [document("b", "newer")])
        asked = [document_id("c"), document_id("b"), document_id("z")]
        found = library.tasks(first.id, document_ids=asked)
        assert [(task.source, task.state) for task in found] == [("b", SUPERSEDED), ("c", QUEUED)]
        assert [task.source for task in library.tasks(first.id, document_ids=asked, limit=1)] == [
            "b"
        ]
        some = library.tasks(first.id, document_ids=asked, state=QUEUED)
        assert [(task.source, task.document) for task in some] == [("c", None)]
        assert not library.tasks(first.id, document_ids=[])

    def test_what_kind_of_documents_is_awaited_can_be_asked(self, library: Store) -> None:
        library.create_collection("other", SETTINGS)
        kinds = [
            with_fingerprint(graph("a"), "ahead:1").document,
            with_fingerprint(graph("b"), "else").document,
        ]
        job = library.enqueue(COLLECTION, kinds)
        assert library.awaits(COLLECTION, "ahead:")
        assert not library.awaits(COLLECTION, "behind:")
        assert not library.awaits("other", "ahead:")
        (task, _) = library.lease(worker="w", limit=2, seconds=60)
        assert library.awaits(COLLECTION, "ahead:"), "also while it is worked on"
        library.commit(COLLECTION, Change(completed=(task.id,)))
        assert not library.awaits(COLLECTION, "ahead:")
        assert library.awaits(COLLECTION, "else")
        library.cancel(job.id)
        assert not library.awaits(COLLECTION, "else")
