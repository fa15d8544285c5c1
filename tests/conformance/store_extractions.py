"""What models returned is kept, and never paid twice."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from kg.jobs import Progress, TaskState
from kg.records import Extraction, NamedEntity, Triple
from kg.store import Change
from tests.conformance.material import (
    COLLECTION,
    Store,
    StoreFixtures,
    document,
    document_id,
    extraction,
    facts,
    graph,
    passage_id,
    removed,
    written,
)


class ExtractionsConformance(StoreFixtures):
    def saved(self, store: Store, text: str, by: str = "hand") -> Extraction | None:
        return store.saved_extractions(COLLECTION, by, [passage_id(text)]).get(passage_id(text))

    def test_a_saved_extraction_comes_back_whole(self, library: Store) -> None:
        given = Extraction(
            passage_id=passage_id("x"),
            extractor="llm:small:3",
            entities=(NamedEntity(name="Ann", type="PERSON"), NamedEntity(name="鲍勃")),
            triples=(Triple(subject="Ann", relation="likes", object="鲍勃"),),
            model="small",
            prompt_version="3",
            input_tokens=1200,
            output_tokens=34,
            raw='{"entities": ["Ann"]}\n',
            failure="cut off",
        )
        library.save_extractions(COLLECTION, [given])
        assert self.saved(library, "x", "llm:small:3") == given

    def test_passages_in_quarantine_are_told_once_for_each_document(self, library: Store) -> None:
        failed = replace(extraction("x"), failure="no JSON")
        graphs = (graph("a", "x", "y", "x"), graph("b", "x"), graph("c", "y"))
        library.commit(COLLECTION, Change(put=graphs, extractions=(failed, extraction("y"))))
        found = library.quarantined(COLLECTION)
        assert {(one.document_id, one.source, one.passage_id, one.reason) for one in found} == {
            (document_id(source), source, passage_id("x"), "no JSON") for source in "ab"
        }
        assert len(found) == 2
        some = library.quarantined(COLLECTION, [document_id("b"), document_id("c")])
        assert [one.source for one in some] == ["b"]
        assert not library.quarantined(COLLECTION, [])

    def test_who_read_a_passage_is_told(self, library: Store) -> None:
        failed = replace(extraction("x", by="other"), failure="no JSON")
        change = Change(put=(graph("a", "x", "y", "z"),), extractions=(failed, extraction("y")))
        library.commit(COLLECTION, change)
        found = library.readings(COLLECTION)
        assert {(one.passage_id, one.extractor, one.failed) for one in found} == {
            (passage_id("x"), "other", True),
            (passage_id("y"), "hand", False),
        }

    def test_saving_changes_neither_graph_nor_revision(self, library: Store) -> None:
        library.commit(COLLECTION, written("a", "Ann likes Bob"))
        library.save_extractions(COLLECTION, [extraction("Ann likes Bob", "Ann knows Cid")])
        assert facts(library) == {"ann likes bob"}
        assert library.collection(COLLECTION).revision == 1

    def test_a_later_one_by_the_same_extractor_replaces_it(self, library: Store) -> None:
        library.save_extractions(COLLECTION, [extraction("x", names="Ann")])
        library.save_extractions(COLLECTION, [extraction("x", names="Bob")])
        assert self.saved(library, "x") == extraction("x", names="Bob")

    def test_one_takes_the_place_of_what_it_was_made_from_once(self, library: Store) -> None:
        job = library.enqueue(COLLECTION, [document("a")])
        (task,) = library.tasks(job.id)
        spent = {task.id: Progress(input_tokens=5, output_tokens=2, cost=0.5)}
        first, second = extraction("x", names="Ann"), extraction("x", names="Bob")

        def swap(new: Extraction, before: Extraction | None) -> bool:
            return library.swap_extraction(COLLECTION, new, instead_of=before, progress=spent)

        assert swap(first, None)
        assert not swap(first, None), "as when nobody heard that it was done"
        assert not swap(second, second)
        assert self.saved(library, "x") == first
        assert library.job(job.id).progress == Progress(input_tokens=5, output_tokens=2, cost=0.5)
        assert swap(second, first)
        assert self.saved(library, "x") == second
        assert library.job(job.id).progress.cost == 1.0
        assert library.collection(COLLECTION).revision == 0

    def test_others_are_saved_beside_one_that_is_swapped_in(self, library: Store) -> None:
        first, second = extraction("x", names="Ann"), extraction("x", names="Bob")
        beside = extraction("x", names="Cid", by="other")

        def swap(new: Extraction, before: Extraction | None) -> bool:
            return library.swap_extraction(
                COLLECTION, new, instead_of=before, progress={}, beside=[beside]
            )

        library.save_extractions(COLLECTION, [first])
        assert not swap(second, None)
        assert library.saved_extractions(COLLECTION, "other", [passage_id("x")]) == {}
        assert swap(second, first)
        assert [self.saved(library, "x"), self.saved(library, "x", "other")] == [second, beside]

    def test_what_many_take_at_once_is_all_counted(self, library: Store) -> None:
        job = library.enqueue(COLLECTION, [document("a"), document("b")])
        one, other = library.tasks(job.id)

        def swap(name: str) -> None:
            spent = {one.id: Progress(input_tokens=1, cost=0.5)}
            new = extraction(name)
            assert library.swap_extraction(COLLECTION, new, instead_of=None, progress=spent)
            library.note_progress({other.id: Progress(passages_done=1, output_tokens=1)})

        library.note_progress({other.id: Progress(passages=24)})
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(swap, [f"x{number}" for number in range(24)]))
        found = library.job(job.id).progress
        assert (found.input_tokens, found.cost) == (24, 12.0)
        assert (found.passages_done, found.output_tokens) == (24, 24)

    def test_one_that_is_swapped_in_needs_no_task(self, library: Store) -> None:
        gone = {"tsk-gone": Progress(input_tokens=5)}
        assert library.swap_extraction(COLLECTION, extraction("x"), instead_of=None, progress=gone)
        assert library.swap_extraction(
            COLLECTION, extraction("x", names="Bob"), instead_of=extraction("x"), progress={}
        )

    def test_each_extractor_has_its_own(self, library: Store) -> None:
        both = [extraction("x", names="Ann"), extraction("x", names="Bob", by="other")]
        library.save_extractions(COLLECTION, both)
        assert [self.saved(library, "x"), self.saved(library, "x", "other")] == both

    def test_only_those_asked_for_come_back(self, library: Store) -> None:
        library.save_extractions(COLLECTION, [extraction("x"), extraction("y")])
        asked = [passage_id("y"), passage_id("z")]
        assert list(library.saved_extractions(COLLECTION, "hand", asked)) == [passage_id("y")]

    def test_what_came_with_a_commit_is_saved(self, library: Store) -> None:
        library.commit(COLLECTION, written("a", "Ann likes Bob"))
        assert self.saved(library, "Ann likes Bob") == extraction("Ann likes Bob", "Ann likes Bob")

    def test_what_was_saved_after_a_commit_is_newer(self, library: Store) -> None:
        library.commit(COLLECTION, written("a", "Ann likes Bob"))
        newer = extraction("Ann likes Bob", "Ann knows Bob")
        library.save_extractions(COLLECTION, [newer])
        assert self.saved(library, "Ann likes Bob") == newer

    def test_what_comes_with_a_commit_replaces_what_was_saved(self, library: Store) -> None:
        library.save_extractions(COLLECTION, [extraction("Ann likes Bob", "Ann knows Bob")])
        library.commit(COLLECTION, written("a", "Ann likes Bob"))
        assert self.saved(library, "Ann likes Bob") == extraction("Ann likes Bob", "Ann likes Bob")

    def test_what_another_extractor_replaces_stays_saved(self, library: Store) -> None:
        library.commit(COLLECTION, written("a", "Ann likes Bob"))
        other = extraction("Ann likes Bob", by="other")
        library.commit(COLLECTION, Change(extractions=(other,)))
        assert self.saved(library, "Ann likes Bob") == extraction("Ann likes Bob", "Ann likes Bob")
        assert self.saved(library, "Ann likes Bob", "other") == other

    def test_what_is_replaced_does_not_hide_what_was_saved_later(self, library: Store) -> None:
        library.commit(COLLECTION, written("a", "Ann likes Bob"))
        newer = extraction("Ann likes Bob", "Ann knows Bob")
        library.save_extractions(COLLECTION, [newer])
        library.commit(COLLECTION, Change(extractions=(extraction("Ann likes Bob", by="other"),)))
        assert self.saved(library, "Ann likes Bob") == newer

    def test_one_of_a_passage_that_is_not_in_the_graph_is_saved_only(self, library: Store) -> None:
        found = extraction("elsewhere", "Ann likes Bob")
        assert library.commit(COLLECTION, Change(extractions=(found,))) == 0
        assert facts(library) == set()
        assert self.saved(library, "elsewhere") == found

    def test_a_passage_that_goes_loses_all_its_extractions(self, library: Store) -> None:
        library.commit(COLLECTION, written("a", "Ann likes Bob"))
        library.save_extractions(COLLECTION, [extraction("Ann likes Bob", by="other")])
        library.commit(COLLECTION, removed("a"))
        assert self.saved(library, "Ann likes Bob") is None
        assert self.saved(library, "Ann likes Bob", "other") is None

    def test_pruning_forgets_passages_that_are_not_in_the_graph(self, library: Store) -> None:
        library.commit(COLLECTION, Change(put=(graph("a", "x"),)))
        library.save_extractions(COLLECTION, [extraction("x"), extraction("y"), extraction("z")])
        assert library.prune_extractions(COLLECTION) == 2
        assert self.saved(library, "x") == extraction("x")
        assert self.saved(library, "y") is None
        assert library.prune_extractions(COLLECTION) == 0

    def test_pruning_leaves_other_collections_alone(self, library: Store) -> None:
        library.create_collection("other", library.collection(COLLECTION).settings)
        library.save_extractions(COLLECTION, [extraction("x")])
        assert library.prune_extractions("other") == 0
        assert self.saved(library, "x") == extraction("x")

    def test_nothing_is_forgotten_while_a_task_may_need_it(self, library: Store) -> None:
        job = library.enqueue(COLLECTION, [document("a")])
        library.save_extractions(COLLECTION, [extraction("x")])
        assert library.prune_extractions(COLLECTION) == 0, "queued"
        (task,) = library.lease(worker="w", limit=1, seconds=60)
        assert library.prune_extractions(COLLECTION) == 0, "extracting"
        library.fail(task.id, "no luck", worker="w", retry=False)
        assert library.prune_extractions(COLLECTION) == 0, "failed"
        library.retry_failed(job.id)
        assert library.cancel(job.id).counts == {TaskState.CANCELLED: 1}
        assert library.prune_extractions(COLLECTION) == 1, "cancelled"

    def test_an_extraction_that_differs_in_its_tokens_is_another(self, library: Store) -> None:
        library.commit(COLLECTION, written("a", "Ann likes Bob"))
        again = replace(extraction("Ann likes Bob", "Ann likes Bob"), output_tokens=5)
        assert library.commit(COLLECTION, Change(extractions=(again,))) == 2
        with library.read(COLLECTION) as reader:
            assert list(reader.extractions()) == [again]
