"""Tasks come into the graph; what one document does wrong costs no other anything."""

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from indexer.ingestion.processed import Processed
from kg.errors import ModelUnavailable, StoreOverloaded, StoreUnavailable
from kg.jobs import TaskState
from kg.records import Document, Passage, SourceDocument
from kg.store import Change
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.workshop import COLLECTION, Workshop, note

A = note("a", "Milner studied Molaison.")
B = note("b", "Scoville operated on Molaison.")
C = note("c", "Corkin followed Milner.")


def submit(shop: Workshop, *documents: SourceDocument) -> str:
    job = shop.pipeline.submit(COLLECTION, documents).job
    assert job is not None
    return job.id


def test_a_batch_is_one_revision(shop: Workshop) -> None:
    job = submit(shop, A, B, C)
    assert shop.pipeline.process(shop.lease()) == Processed(done=3)
    assert shop.store.collection(COLLECTION).revision == 1
    assert shop.queue.job(job).counts == {TaskState.EXTRACTED: 3}
    assert shop.sources() == ["a", "b", "c"]


def test_the_graph_holds_what_the_extractor_found(shop: Workshop) -> None:
    shop.ingest(A)
    with shop.store.read(COLLECTION) as reader:
        assert {entity.surface for entity in reader.entities()} == {"Milner", "Molaison"}
        assert [fact.relation for fact in reader.facts()] == ["precedes"]


def test_a_passage_that_was_extracted_is_not_extracted_again(shop: Workshop) -> None:
    shop.ingest(A)
    shop.ingest(replace(A, metadata={"year": 1957}))
    assert shop.extractor.calls == [A.text]
    with shop.store.read(COLLECTION) as reader:
        assert [document.metadata for document in reader.documents()] == [{"year": 1957}]


def test_a_paid_extraction_is_saved_before_the_next_is_asked_for(shop: Workshop) -> None:
    def die_on_the_second(passage: Passage) -> str:
        if passage.text != A.text:
            raise KeyboardInterrupt
        return ""

    shop.extractor = ScriptedExtractor(die_on_the_second, paid=True)
    submit(shop, A, B)
    tasks = shop.lease()
    with pytest.raises(KeyboardInterrupt):
        shop.pipeline.process(tasks)
    shop.extractor = ScriptedExtractor(paid=True)
    assert shop.pipeline.process(tasks) == Processed(done=2)
    assert shop.extractor.calls == [B.text]


def test_a_document_that_cannot_be_read_fails_alone(shop: Workshop) -> None:
    submit(shop, A, C)
    blank = Document(id="doc-empty", fingerprint="1", source="empty", title="", text=" \n")
    job = shop.queue.enqueue(COLLECTION, [blank]).id  # `submit` would refuse it
    assert shop.pipeline.process(shop.lease()) == Processed(done=2, failed=1)
    (failed,) = shop.queue.tasks(job, state=TaskState.FAILED)
    assert failed.source == "empty"
    assert failed.error
    assert shop.sources() == ["a", "c"]


def test_an_extractor_that_breaks_on_one_document_costs_no_other(shop: Workshop) -> None:
    def break_on_b(passage: Passage) -> str:
        if passage.text == B.text:
            raise ZeroDivisionError("so it goes")
        return ""

    shop.extractor = ScriptedExtractor(break_on_b)
    job = submit(shop, A, B, C)
    found = [shop.pipeline.process(shop.lease()) for _ in range(3)]
    assert found == [Processed(done=2, retried=1), Processed(retried=1), Processed(failed=1)]
    (failed,) = shop.queue.tasks(job, state=TaskState.FAILED)
    assert (failed.source, failed.error) == ("b", "ZeroDivisionError: so it goes")


def test_an_error_of_the_moment_that_nobody_foresaw_costs_no_document(shop: Workshop) -> None:
    passing = [ImportError("a module that was not whole yet"), MemoryError()]

    def stumble(_: Passage) -> str:
        if passing:
            raise passing.pop()
        return ""

    shop.extractor = ScriptedExtractor(stumble)
    job = submit(shop, A)
    found = sum((shop.pipeline.process(shop.lease()) for _ in range(3)), Processed())
    assert found == Processed(done=1, retried=2)
    assert shop.queue.job(job).counts == {TaskState.EXTRACTED: 1}


def test_a_failed_extraction_comes_in_without_a_graph_and_is_counted(shop: Workshop) -> None:
    shop.extractor = ScriptedExtractor(lambda _: "cut off")
    submit(shop, A)
    assert shop.pipeline.process(shop.lease()) == Processed(done=1, quarantined=1)
    found = shop.counts()
    assert (found["passages"], found["entities"], found["quarantined"]) == (1, 0, 1)


def test_what_is_whole_comes_in_though_the_model_went_away(shop: Workshop) -> None:
    def vanish_at_c(passage: Passage) -> str:
        if passage.text == C.text:
            raise ModelUnavailable("The endpoint refuses.")
        return ""

    shop.extractor = ScriptedExtractor(vanish_at_c)
    job = submit(shop, A, B, C)
    found = shop.pipeline.process(shop.lease())
    assert found == Processed(done=2, retried=1, trouble="The endpoint refuses.")
    (waiting,) = shop.queue.tasks(job, state=TaskState.QUEUED)
    assert (waiting.source, waiting.error) == ("c", "The endpoint refuses.")


def test_a_model_that_stays_away_costs_a_task_nothing(shop: Workshop) -> None:
    def refuse(_: Passage) -> str:
        raise ModelUnavailable("The endpoint refuses.")

    shop.extractor = ScriptedExtractor(refuse)
    job = submit(shop, A)
    results = [shop.pipeline.process(shop.lease()) for _ in range(7)]
    assert [(found.retried, found.failed) for found in results] == [(1, 0)] * 7
    (waiting,) = shop.queue.tasks(job, state=TaskState.QUEUED)
    assert (waiting.attempts, waiting.error) == (0, "The endpoint refuses.")


def test_a_task_whose_worker_always_dies_is_given_up(shop: Workshop) -> None:
    job = submit(shop, A)
    (task,) = shop.lease()
    found = shop.pipeline.process([replace(task, attempts=4)])
    assert found == Processed(failed=1)
    assert "died" in shop.queue.tasks(job)[0].error
    assert shop.extractor.calls == []


def test_of_two_versions_in_one_batch_the_newer_stays(shop: Workshop) -> None:
    submit(shop, A)
    old = shop.lease()
    submit(shop, replace(A, text="Milner met H.M."))
    shop.queue.release([task.id for task in old], worker=old[0].worker)
    shop.pipeline.process(shop.lease())
    assert shop.texts() == ["Milner met H.M."]


def test_a_store_that_cannot_be_reached_is_no_fault_of_the_documents(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(collection: str, change: Change) -> int:
        raise StoreUnavailable("locked")

    job = submit(shop, A)
    tasks = shop.lease()
    with monkeypatch.context() as broken:
        broken.setattr(shop.store, "commit", refuse)
        with pytest.raises(StoreUnavailable):
            shop.pipeline.process(tasks)
    assert shop.queue.job(job).counts == {TaskState.EXTRACTING: 1}


def test_documents_that_are_too_much_for_the_store_together_come_in_singly(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = shop.store.commit

    def little_at_once(collection: str, change: Change) -> int:
        if len(change.put) > 1 or any(graph.document.source == "a" for graph in change.put):
            raise StoreOverloaded("no memory left")
        return commit(collection, change)

    job = submit(shop, A, B, C)
    tasks = shop.lease()
    monkeypatch.setattr(shop.store, "commit", little_at_once)
    assert shop.pipeline.process(tasks) == Processed(done=2, retried=1)
    assert shop.sources() == ["b", "c"]
    assert shop.queue.job(job).counts == {TaskState.QUEUED: 1, TaskState.EXTRACTED: 2}


def test_a_document_that_is_too_much_for_the_store_fails_at_last_with_the_reason(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overloaded(*_: object) -> int:
        raise StoreOverloaded("no memory left")

    job = submit(shop, A)
    monkeypatch.setattr(shop.store, "commit", overloaded)
    found = [shop.pipeline.process(shop.lease()) for _ in range(3)]
    assert found == [Processed(retried=1), Processed(retried=1), Processed(failed=1)]
    assert [task.error for task in shop.queue.tasks(job)] == ["no memory left"]


def test_tasks_of_several_collections_may_come_together(shop: Workshop) -> None:
    shop.store.create_collection("letters", shop.store.collection(COLLECTION).settings)
    submit(shop, A)
    shop.pipeline.submit("letters", [B])
    assert shop.pipeline.process(shop.lease()) == Processed(done=2)
    assert shop.sources() == ["a"]
    with shop.store.read("letters") as reader:
        assert [document.source for document in reader.documents()] == ["b"]


def test_a_collection_that_was_deleted_meanwhile_is_one_line_and_no_failure(
    shop: Workshop,
) -> None:
    def delete(passage: Passage) -> str:
        if passage.text == A.text:
            shop.store.delete_collection(COLLECTION)
        return ""

    shop.extractor = ScriptedExtractor(delete)
    submit(shop, A, B, C)
    tasks = shop.lease()
    with capture_logs() as logs:
        assert shop.pipeline.process(tasks) == Processed()
    (line,) = logs
    assert line["log_level"] == "info"
    assert (line["event"], line["documents"]) == ("the collection was deleted meanwhile", 3)
