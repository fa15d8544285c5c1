"""Jobs that are over: found among others, and forgotten."""

from kg.jobs import Job, Progress
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
    passage_id,
    removed,
)

DAY = 86_400.0


def done(store: Store, *names: str) -> Job:
    """A job whose documents are in the graph."""
    job = store.enqueue(COLLECTION, [document(name) for name in names])
    leased = store.lease(worker="w", limit=len(names), seconds=60)
    graphs = tuple(graph(name, name) for name in names)
    store.commit(COLLECTION, Change(put=graphs, completed=tuple(task.id for task in leased)))
    return store.job(job.id)


def failed(store: Store, name: str) -> Job:
    """A job whose document failed."""
    job = store.enqueue(COLLECTION, [document(name)])
    (task,) = store.lease(worker="w", limit=1, seconds=60)
    store.fail(task.id, "no luck", worker="w", retry=False)
    return store.job(job.id)


def jobs(store: Store) -> list[str]:
    return [job.id for job in store.jobs()]


class PruningConformance(StoreFixtures):
    def test_unfinished_jobs_are_found_behind_any_number_of_others(self, library: Store) -> None:
        first = done(library, "a")
        open_job = library.enqueue(COLLECTION, [document("b")])
        filled = library.enqueue(COLLECTION, [], filler="ann", seconds=60)
        seen = library.collection(COLLECTION).revision
        library.cancel(library.enqueue(COLLECTION, [document("d")]).id)
        assert [job.id for job in library.jobs(unfinished_at=seen)] == [filled.id, open_job.id]
        assert library.jobs(unfinished_at=seen, limit=1) == [filled]
        assert [job.id for job in library.jobs(COLLECTION, unfinished_at=seen - 1)] == [
            filled.id,
            open_job.id,
            first.id,
        ]
        assert not library.jobs("none", unfinished_at=0)

    def test_the_jobs_in_which_documents_wait_are_told(self, library: Store) -> None:
        one = library.enqueue(COLLECTION, [document("a"), document("b")])
        two = library.enqueue(COLLECTION, [document("c")])
        library.lease(worker="w", limit=1, seconds=60)
        library.cancel(library.enqueue(COLLECTION, [document("d")]).id)
        assert library.waits_in(COLLECTION) == {one.id: 2, two.id: 1}
        some = [document_id(name) for name in "bcd"]
        assert library.waits_in(COLLECTION, some) == {one.id: 1, two.id: 1}
        assert library.waits_in(COLLECTION, []) == library.waits_in("none") == {}

    def test_the_documents_that_failed_are_told(self, library: Store) -> None:
        job = failed(library, "a")
        done(library, "b")
        assert library.failed(COLLECTION) == {document_id("a"): job.id}
        assert library.failed("none") == {}

    def test_jobs_that_are_long_over_are_forgotten(self, library: Store, clock: Clock) -> None:
        done(library, "a", "b")
        failed(library, "c")
        clock.now += 2 * DAY
        young = done(library, "d")
        assert library.prune(seconds=DAY) == 2
        assert jobs(library) == [young.id]
        assert library.failed(COLLECTION) == {}
        assert library.prune(seconds=DAY) == 0

    def test_the_graph_does_not_mind(self, library: Store, clock: Clock) -> None:
        done(library, "a")
        before = library.collection(COLLECTION)
        clock.now += 2 * DAY
        library.prune(seconds=DAY)
        assert library.collection(COLLECTION) == before
        assert list(library.fingerprints(COLLECTION)) == [document_id("a")]

    def test_what_is_on_its_way_is_never_forgotten(self, library: Store, clock: Clock) -> None:
        library.enqueue(COLLECTION, [document("a"), document("b")])
        library.enqueue(COLLECTION, [], filler="ann", seconds=3 * DAY)
        clock.now += 2 * DAY
        assert library.prune(seconds=DAY) == 0
        library.lease(worker="w", limit=1, seconds=60)
        assert library.prune(seconds=DAY) == 0

    def test_work_makes_a_job_young(self, library: Store, clock: Clock) -> None:
        job = failed(library, "a")
        (task,) = library.tasks(job.id)
        clock.now += 2 * DAY
        library.note_progress({task.id: Progress(input_tokens=1)})
        assert library.prune(seconds=DAY) == 0

    def test_a_newer_text_that_is_done_is_known_while_an_older_one_is_worked_on(
        self, library: Store, clock: Clock
    ) -> None:
        library.enqueue(COLLECTION, [document("a", "old")])
        library.lease(worker="slow", limit=1, seconds=2 * DAY)
        newer = library.enqueue(COLLECTION, [document("a", "new")])
        (task,) = library.tasks(newer.id)
        library.commit(COLLECTION, Change(put=(graph("a", "new"),), completed=(task.id,)))
        clock.now += 2 * DAY
        assert library.prune(seconds=DAY) == 0
        assert not library.lease(worker="w", limit=9, seconds=60)
        assert library.prune(seconds=DAY) == 2

    def test_some_can_be_kept_and_one_collection_chosen(self, library: Store, clock: Clock) -> None:
        library.create_collection("other", SETTINGS)
        kept, gone = failed(library, "a"), failed(library, "b")
        elsewhere = library.enqueue("other", [])
        clock.now += 2 * DAY
        assert library.prune(seconds=DAY, collection=COLLECTION, keep=[kept.id]) == 1
        assert jobs(library) == [elsewhere.id, kept.id]
        assert gone.id not in jobs(library)

    def test_many_tasks_are_forgotten(self, library: Store, clock: Clock) -> None:
        many = [document(str(number)) for number in range(6000)]
        for _ in range(2):
            library.cancel(library.enqueue(COLLECTION, many).id)
        clock.now += 2 * DAY
        assert library.prune(seconds=DAY) == 2
        assert jobs(library) == []

    def test_extractions_that_a_failed_task_kept_can_then_be_forgotten(
        self, library: Store, clock: Clock
    ) -> None:
        library.save_extractions(COLLECTION, [extraction("a")])
        failed(library, "a")
        library.commit(COLLECTION, removed("a"))
        assert library.prune_extractions(COLLECTION) == 0
        clock.now += 2 * DAY
        library.prune(seconds=DAY)
        assert library.prune_extractions(COLLECTION) == 1
        assert not library.saved_extractions(COLLECTION, "hand", [passage_id("a")])
