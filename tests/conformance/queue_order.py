"""What is taken first, drafts, and what only one may do at a time."""

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
    document_id,
    extraction,
    graph,
    texts,
)


def sources(store: Store, *, drafted: bool | None = None) -> list[str]:
    """Of the tasks that are leased next."""
    leased = store.lease(worker="w", limit=9, seconds=60, drafted=drafted)
    return [task.source for task in leased]


def take(store: Store, worker: str = "w") -> Task:
    (task,) = store.lease(worker=worker, limit=1, seconds=60)
    return task


def draft(store: Store, task: Task) -> None:
    """Bring a leased task's document in as a draft, and give the task back."""
    change = Change(put=(graph(task.source, task.source),), drafted=(task.id,))
    store.commit(COLLECTION, change)
    store.release([task.id], worker=task.worker)


class OrderConformance(StoreFixtures):
    def test_a_higher_priority_is_taken_first(self, library: Store) -> None:
        library.enqueue(COLLECTION, [document("a")])
        job = library.enqueue(COLLECTION, [document("b"), document("c")], priority=2)
        library.enqueue(COLLECTION, [document("d")], priority=-1)
        assert job.priority == 2
        assert sources(library) == ["b", "c", "a", "d"]

    def test_what_has_no_draft_is_taken_before_what_has_one(self, library: Store) -> None:
        library.enqueue(COLLECTION, [document("a")], priority=9)
        draft(library, take(library))
        library.enqueue(COLLECTION, [document("b")])
        assert sources(library) == ["b", "a"]

    def test_tasks_with_and_without_drafts_can_be_taken_alone(self, library: Store) -> None:
        library.enqueue(COLLECTION, [document("a"), document("b"), document("c")])
        draft(library, take(library))
        assert sources(library, drafted=True) == ["a"]
        assert sources(library, drafted=False) == ["b", "c"]

    def test_tasks_of_collections_that_are_excluded_are_left(self, library: Store) -> None:
        for name in ("other", "third"):
            library.create_collection(name, SETTINGS)
            library.enqueue(name, [document(name)], priority=1)
        library.enqueue(COLLECTION, [document("a")])

        def taken(*excluded: str, **chosen: str) -> list[str]:
            leased = library.lease(worker="w", limit=9, seconds=60, excluded=excluded, **chosen)
            library.release([task.id for task in leased], worker="w")
            return [task.source for task in leased]

        assert taken("other", "unknown") == ["third", "a"]
        assert taken("other", "third") == ["a"]
        assert taken("other", "third", COLLECTION) == []
        assert taken("other", collection="other") == []
        assert taken("other", collection="third") == ["third"]

    def test_a_draft_is_in_the_graph_and_its_task_stays_open(self, library: Store) -> None:
        job = library.enqueue(COLLECTION, [document("a"), document("b")])
        draft(library, take(library))
        assert texts(library) == {"a"}
        after = library.job(job.id)
        assert (after.counts, after.drafted) == ({TaskState.QUEUED: 2}, 1)
        first, second = library.tasks(job.id)
        assert (first.drafted, first.attempts, second.drafted) == (True, 0, False)
        again = library.lease(worker="w", limit=1, seconds=60, drafted=True)[0]
        assert (again.drafted, again.document) == (True, document("a"))

    def test_a_draft_stays_with_who_holds_its_task(self, library: Store) -> None:
        library.enqueue(COLLECTION, [document("a")])
        task = take(library)
        library.commit(COLLECTION, Change(put=(graph("a", "a"),), drafted=(task.id,)))
        assert sources(library) == []
        assert library.extend([task.id], worker="w", seconds=60) == {task.id}

    def test_what_takes_the_place_of_a_draft_completes_its_task(self, library: Store) -> None:
        job = library.enqueue(COLLECTION, [document("a")])
        draft(library, take(library))
        task = take(library)
        found = extraction("a", "Ann likes Bob")
        library.commit(
            COLLECTION,
            Change(put=(graph("a", "a"),), extractions=(found,), completed=(task.id,)),
        )
        after = library.job(job.id)
        assert (after.counts, after.drafted) == ({TaskState.EXTRACTED: 1}, 0)

    def test_the_draft_of_a_withdrawn_document_does_not_come_in(self, library: Store) -> None:
        library.enqueue(COLLECTION, [document("a")])
        task = take(library)
        library.withdraw(COLLECTION, [document_id("a")])
        draft(library, task)
        assert texts(library) == set()
        assert sources(library) == []

    def test_only_the_holder_gives_a_task_back(self, library: Store, clock: Clock) -> None:
        job = library.enqueue(COLLECTION, [document("a")])
        late = take(library, "late")
        clock.now += 60
        present = take(library, "present")
        library.release([late.id], worker="late", reason="late")
        library.fail(late.id, "late", worker="late", retry=True)
        library.fail(late.id, "late", worker="late", retry=False)
        assert library.extend([late.id], worker="late", seconds=60) == set()
        (task,) = library.tasks(job.id)
        assert (task.state, task.worker) == (TaskState.EXTRACTING, "present")
        assert (task.error, task.attempts) == ("", 2)
        assert library.extend([present.id], worker="present", seconds=60) == {present.id}

    def test_a_task_that_waits_is_held_by_nobody(self, library: Store) -> None:
        job = library.enqueue(COLLECTION, [document("a")])
        task = take(library)
        assert task.worker == "w"
        library.release([task.id], worker="w")
        assert library.tasks(job.id)[0].worker == ""

    def test_a_named_lease_is_held_by_one(self, store: Store) -> None:
        assert store.hold("publish", worker="a", seconds=60)
        assert not store.hold("publish", worker="b", seconds=60)
        assert store.hold("sweep", worker="b", seconds=60)

    def test_a_named_lease_that_ran_out_is_taken_over(self, store: Store, clock: Clock) -> None:
        store.hold("publish", worker="a", seconds=60)
        clock.now += 60
        assert store.hold("publish", worker="b", seconds=60)
        assert not store.hold("publish", worker="a", seconds=60)

    def test_a_named_lease_is_extended_by_its_holder(self, store: Store, clock: Clock) -> None:
        store.hold("publish", worker="a", seconds=60)
        clock.now += 50
        assert store.hold("publish", worker="a", seconds=60)
        clock.now += 59
        assert not store.hold("publish", worker="b", seconds=60)

    def test_a_named_lease_is_given_back_by_its_holder_only(self, store: Store) -> None:
        store.hold("publish", worker="a", seconds=60)
        store.let_go("publish", worker="b")
        assert not store.hold("publish", worker="b", seconds=60)
        store.let_go("publish", worker="a")
        store.let_go("never held", worker="a")
        assert store.hold("publish", worker="b", seconds=60)

    def test_several_named_leases_are_taken_at_once_but_for_what_others_have(
        self, store: Store
    ) -> None:
        store.hold("b", worker="other", seconds=60)
        assert store.take(["a", "b", "c"], worker="me", seconds=60) == {"a": 0, "c": 0}
        store.let_go("a", "b", "c", worker="me")
        assert store.take(["a", "b", "c"], worker="third", seconds=60) == {"a": 0, "c": 0}

    def test_it_is_counted_how_often_a_lease_ran_out_with_its_holder(
        self, store: Store, clock: Clock
    ) -> None:
        for number in range(3):
            taken = store.take(["a"], worker=f"worker {number}", seconds=60)
            assert taken == {"a": number}
            clock.now += 61
        assert store.take(["a"], worker="worker 2", seconds=60) == {"a": 2}, "it had it all along"

    def test_what_was_put_back_was_not_lost_and_what_was_lost_stays_known(
        self, store: Store, clock: Clock
    ) -> None:
        store.take(["a"], worker="dead", seconds=60)
        clock.now += 61
        assert store.take(["a"], worker="me", seconds=60) == {"a": 1}
        store.put_back(["a", "never held"], worker="stranger")
        assert store.take(["a"], worker="you", seconds=60) == {}
        store.put_back(["a"], worker="me")
        assert store.take(["a"], worker="you", seconds=60) == {"a": 1}

    def test_named_leases_of_the_dead_run_out_at_once(self, store: Store) -> None:
        store.take(["a", "b"], worker="dead", seconds=60)
        store.take(["c"], worker="alive", seconds=60)
        assert store.reclaim(lambda worker: worker == "dead") == 0
        assert store.take(["a", "b", "c"], worker="me", seconds=60) == {"a": 1, "b": 1}
        assert store.reclaim(lambda worker: worker == "dead") == 0
        assert not store.hold("a", worker="dead", seconds=60)

    def test_what_was_let_go_counts_anew(self, store: Store, clock: Clock) -> None:
        store.take(["a"], worker="dead", seconds=60)
        clock.now += 61
        store.take(["a"], worker="me", seconds=60)
        store.let_go("a", worker="me")
        assert store.take(["a"], worker="you", seconds=60) == {"a": 0}

    def test_of_many_who_want_a_named_lease_one_has_it(self, store: Store) -> None:
        with ThreadPoolExecutor(8) as pool:
            won = pool.map(lambda name: store.hold("x", worker=name, seconds=60), "abcdefgh")
        assert sum(won) == 1
