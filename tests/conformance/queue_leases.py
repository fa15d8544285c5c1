"""Leases: taken oldest first, held, given back, and lost."""

from concurrent.futures import ThreadPoolExecutor

from kg.jobs import Task, TaskState
from kg.store import Change
from tests.conformance.material import (
    COLLECTION,
    SETTINGS,
    Clock,
    Store,
    StoreFixtures,
    document,
    graph,
    texts,
)

QUEUED, EXTRACTING, EXTRACTED, FAILED, CANCELLED, SUPERSEDED = TaskState


def take(store: Store, limit: int = 9, worker: str = "w", seconds: float = 60) -> list[Task]:
    return list(store.lease(worker=worker, limit=limit, seconds=seconds))


class LeasesConformance(StoreFixtures):
    def test_the_oldest_tasks_are_taken_first_with_their_documents(self, library: Store) -> None:
        job = library.enqueue(COLLECTION, [document("b", "text"), document("a"), document("c")])
        assert [task.document for task in take(library, 2)] == [
            document("b", "text"),
            document("a"),
        ]
        assert library.job(job.id).counts == {QUEUED: 1, EXTRACTING: 2}
        assert [task.source for task in take(library)] == ["c"]
        assert take(library) == []

    def test_a_leased_task_says_so_and_counts_the_attempt(self, library: Store) -> None:
        library.enqueue(COLLECTION, [document("a")])
        (task,) = take(library)
        assert (task.state, task.attempts, task.collection) == (EXTRACTING, 1, COLLECTION)

    def test_one_collections_tasks_can_be_taken_alone(self, library: Store) -> None:
        library.create_collection("other", SETTINGS)
        library.enqueue(COLLECTION, [document("a")])
        library.enqueue("other", [document("b")])
        taken = library.lease(worker="w", limit=9, seconds=60, collection="other")
        assert [task.source for task in taken] == ["b"]
        assert not library.lease(worker="w", limit=9, seconds=60, collection="none")

    def test_a_lease_that_ran_out_falls_back_to_the_queue(
        self, library: Store, clock: Clock
    ) -> None:
        library.enqueue(COLLECTION, [document("a", "text")])
        take(library, seconds=60)
        clock.now += 59.9
        assert take(library) == []
        clock.now += 0.1
        (task,) = take(library)
        assert (task.attempts, task.document) == (2, document("a", "text"))

    def test_a_lease_can_be_extended_from_now(self, library: Store, clock: Clock) -> None:
        library.enqueue(COLLECTION, [document("a")])
        (task,) = take(library, seconds=60)
        clock.now += 50
        library.extend([task.id], worker="w", seconds=60)
        clock.now += 59
        assert take(library) == []
        clock.now += 1
        assert len(take(library)) == 1

    def test_to_look_whether_a_task_is_held_does_not_extend_its_lease(
        self, library: Store, clock: Clock
    ) -> None:
        library.enqueue(COLLECTION, [document("a")])
        (task,) = take(library, seconds=60)
        clock.now += 50
        assert library.still_held([task.id, "none"], worker="w") == {task.id}
        assert library.still_held([task.id], worker="another") == set()
        clock.now += 10
        assert len(take(library)) == 1
        library.cancel(task.job_id)
        assert library.still_held([task.id], worker="w") == set()

    def test_who_waits_for_others_loses_nothing_of_a_lease(
        self, library: Store, clock: Clock
    ) -> None:
        library.enqueue(COLLECTION, [document("a")])
        held = library.enqueue(COLLECTION, [document("b")])
        (task,) = library.tasks(held.id)

        def busy() -> object:
            return library.hold("something else", worker="other", seconds=1)

        with clock.slow(busy, lambda: take(library)):
            clock.now += 50
        clock.now += 59
        assert take(library) == [], "a lease lasts from when it was got"
        with clock.slow(busy, lambda: library.extend([task.id], worker="w", seconds=60)):
            clock.now += 0.5
        clock.now += 59
        assert [late.source for late in take(library)] == ["a"]
        with clock.slow(busy, lambda: library.hold("broom", worker="w", seconds=60)):
            clock.now += 50
        clock.now += 59
        assert not library.hold("broom", worker="other", seconds=1)

    def test_a_lease_that_another_has_taken_cannot_be_extended(
        self, library: Store, clock: Clock
    ) -> None:
        library.enqueue(COLLECTION, [document("a")])
        (task,) = take(library, worker="late")
        clock.now += 60
        take(library, worker="other", seconds=60)
        library.extend([task.id], worker="late", seconds=6000)
        clock.now += 60
        assert len(take(library)) == 1

    def test_a_task_that_is_released_is_taken_as_if_for_the_first_time(
        self, library: Store
    ) -> None:
        library.enqueue(COLLECTION, [document("a"), document("b")])
        first, _ = take(library)
        library.release([first.id], worker="w")
        (again,) = take(library)
        assert (again.source, again.attempts) == ("a", 1)

    def test_a_release_may_tell_its_reason(self, library: Store) -> None:
        job = library.enqueue(COLLECTION, [document("a"), document("b")])
        first, second = take(library)
        library.release([first.id], worker="w", reason="the model is away")
        library.release([second.id], worker="w")
        told = [(task.error, task.attempts) for task in library.tasks(job.id)]
        assert told == [("the model is away", 0), ("", 0)]

    def test_releasing_what_is_done_does_nothing(self, library: Store) -> None:
        job = library.enqueue(COLLECTION, [document("a")])
        (task,) = take(library)
        library.commit(COLLECTION, Change(completed=(task.id,)))
        library.release([task.id, "tsk-none"], worker="w")
        assert library.job(job.id).counts == {EXTRACTED: 1}

    def test_a_failure_that_may_pass_goes_back_to_its_place(self, library: Store) -> None:
        library.enqueue(COLLECTION, [document("a"), document("b")])
        (task,) = take(library, 1)
        library.fail(task.id, "the model is busy", worker="w", retry=True)
        first, second = take(library)
        assert (first.source, first.attempts, first.error) == ("a", 2, "the model is busy")
        assert second.source == "b"

    def test_a_failure_that_stays_is_not_taken_again(self, library: Store) -> None:
        job = library.enqueue(COLLECTION, [document("a")])
        (task,) = take(library)
        library.fail(task.id, "no text in it", worker="w", retry=False)
        assert take(library) == []
        (failed,) = library.tasks(job.id, state=FAILED)
        assert (failed.error, failed.attempts) == ("no text in it", 1)

    def test_what_is_done_cannot_fail(self, library: Store) -> None:
        job = library.enqueue(COLLECTION, [document("a"), document("b")])
        done, _ = take(library)
        library.commit(COLLECTION, Change(completed=(done.id,)))
        library.fail(done.id, "too late", worker="w", retry=False)
        library.fail(done.id, "too late", worker="w", retry=True)
        library.fail("tsk-none", "who?", worker="w", retry=True)
        (task, _) = library.tasks(job.id)
        assert (task.state, task.error) == (EXTRACTED, "")

    def test_a_newer_text_waits_until_the_older_is_done(self, library: Store) -> None:
        library.enqueue(COLLECTION, [document("a", "old")])
        (older,) = take(library)
        library.enqueue(COLLECTION, [document("a", "new"), document("b")])
        assert [task.source for task in take(library)] == ["b"]
        library.commit(COLLECTION, Change(put=(graph("a", "old"),), completed=(older.id,)))
        (newer,) = take(library)
        library.commit(COLLECTION, Change(put=(graph("a", "new"),), completed=(newer.id,)))
        assert texts(library) == {"new"}

    def test_an_older_text_that_falls_back_is_not_wanted(
        self, library: Store, clock: Clock
    ) -> None:
        for give_back in (
            lambda task: library.release([task.id], worker="w"),
            lambda task: library.fail(task.id, "busy", worker="w", retry=True),
            lambda task: library.reclaim(lambda worker: True),
            lambda task: setattr(clock, "now", clock.now + 60),
        ):
            older = library.enqueue(COLLECTION, [document("a", "old")])
            (task,) = take(library)
            library.enqueue(COLLECTION, [document("a", "new")])
            give_back(task)
            (newer,) = take(library)
            assert newer.document == document("a", "new")
            assert library.job(older.id).counts == {SUPERSEDED: 1}
            library.commit(COLLECTION, Change(completed=(newer.id,)))

    def test_a_failed_text_is_not_tried_again_once_there_is_a_newer(self, library: Store) -> None:
        older = library.enqueue(COLLECTION, [document("a", "old")])
        (task,) = take(library)
        library.enqueue(COLLECTION, [document("a", "new")])
        library.fail(task.id, "no luck", worker="w", retry=False)
        assert library.retry_failed(older.id) == 0
        assert [task.document for task in take(library)] == [document("a", "new")]

    def test_an_older_text_is_wanted_again_if_the_newer_was_cancelled(self, library: Store) -> None:
        library.enqueue(COLLECTION, [document("a", "old")])
        (task,) = take(library)
        newer = library.enqueue(COLLECTION, [document("a", "new")])
        library.cancel(newer.id)
        library.release([task.id], worker="w")
        assert [task.document for task in take(library)] == [document("a", "old")]

    def test_tasks_of_the_dead_are_put_back_at_once(self, library: Store) -> None:
        library.enqueue(COLLECTION, [document(name) for name in "abc"])
        take(library, 2, worker="dead")
        take(library, 1, worker="alive")
        asked: list[str] = []

        def dead(worker: str) -> bool:
            asked.append(worker)
            return worker == "dead"

        assert library.reclaim(dead) == 2
        assert sorted(asked) == ["alive", "dead"]
        assert [(task.source, task.attempts) for task in take(library)] == [("a", 2), ("b", 2)]

    def test_what_is_being_worked_on_can_be_looked_up(self, library: Store) -> None:
        library.enqueue(COLLECTION, [document(name) for name in "abcd"])
        a, b, c = take(library, 2) + take(library, 1, worker="other")
        library.commit(COLLECTION, Change(completed=(b.id,)))
        assert library.leased([c.id, a.id, b.id, "tsk-unknown"]) == [a, c]
        assert library.leased([]) == []

    def test_nothing_is_reclaimed_from_an_empty_queue(self, library: Store) -> None:
        assert library.reclaim(lambda worker: True) == 0

    def test_no_task_is_leased_twice_at_once(self, library: Store) -> None:
        library.enqueue(COLLECTION, [document(f"{number}") for number in range(40)])

        def work(worker: int) -> list[str]:
            return [task.id for _ in range(10) for task in take(library, 1, worker=f"{worker}")]

        with ThreadPoolExecutor(4) as pool:
            taken = [task for tasks in pool.map(work, range(4)) for task in tasks]
        assert len(taken) == len(set(taken)) == 40

    def test_leases_are_found_by_how_their_names_begin(self, library: Store, clock: Clock) -> None:
        for name in ("refuses a", "refuses b", "refuse", "refuset", "else"):
            library.hold(name, worker=f"w {name}", seconds=60)
        library.hold("refuses soon over", worker="w", seconds=10)
        library.hold("refuses no more", worker="w", seconds=60)
        library.let_go("refuses no more", worker="w")
        clock.now += 10
        assert library.held("refuses") == {"refuses a": "w refuses a", "refuses b": "w refuses b"}
        assert not library.held("refuses c")

    def test_leases_that_expired_long_ago_are_deleted(self, library: Store, clock: Clock) -> None:
        library.hold("of a dead worker", worker="dead", seconds=10)
        library.take(["put back"], worker="w", seconds=10)
        library.put_back(["put back"], worker="w")
        library.hold("held", worker="w", seconds=500)
        clock.now += 100
        assert library.prune_leases(seconds=101) == 0
        assert library.prune_leases(seconds=90) == 2
        assert library.prune_leases(seconds=90) == 0
        assert not library.hold("held", worker="other", seconds=10)

    def test_how_often_a_lease_expired_is_known_until_it_is_deleted(
        self, library: Store, clock: Clock
    ) -> None:
        library.hold("a", worker="dead", seconds=10)
        clock.now += 20
        assert library.take(["a"], worker="w", seconds=10) == {"a": 1}
        library.put_back(["a"], worker="w")
        assert library.take(["a"], worker="other", seconds=10) == {"a": 1}, "at once"
        library.put_back(["a"], worker="other")
        clock.now += 100
        assert library.prune_leases(seconds=101) == 0
        assert library.take(["a"], worker="w", seconds=10) == {"a": 1}
        clock.now += 100
        assert library.prune_leases(seconds=90) == 1
        assert library.take(["a"], worker="w", seconds=10) == {"a": 0}
