"""Another extractor takes the graph over when it has read everything: never some of each."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from indexer.worker import Worker
from kg.jobs import Job, TaskState
from kg.memory import MemoryStore
from kg.neo4j import Neo4jStore
from kg.records import Passage
from kg.sqlite import SQLiteStore
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.workshop import COLLECTION, SETTINGS, Workshop, note
from tests.servers.neo4j import Neo4jServer

A = note("a", "Scoville operated. Milner tested.")
B = note("b", "Olds stimulated. Milner watched.")
C = note("c", "Hebb listened. Milner wrote.")
OTHER = replace(SETTINGS, extractor="other")
OLD, NEW = {"precedes"}, {"comes before"}


def shop_in(folder: Path, store: MemoryStore | SQLiteStore | Neo4jStore | None = None) -> Workshop:
    """A workshop with another extractor, which is paid for."""
    other = ScriptedExtractor(fingerprint="other", paid=True, relation="comes before")
    return Workshop(folder=folder, store=store or MemoryStore(), extractors={"other": other})


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    """With two documents, published."""
    shop = shop_in(tmp_path / "shop")
    shop.ingest(A, B)
    shop.pipeline.publish(COLLECTION)
    return shop


@pytest.fixture(params=["memory", "sqlite", "neo4j"])
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workshop]:
    """An empty one over each kind of store."""
    if request.param == "neo4j":
        server: Neo4jServer = request.getfixturevalue("empty_neo4j")
        store: MemoryStore | SQLiteStore | Neo4jStore = Neo4jStore(
            server.uri, server.user, server.password
        )
    else:
        store = SQLiteStore(tmp_path / "a.sqlite") if request.param == "sqlite" else MemoryStore()
    yield shop_in(tmp_path / "shop", store)
    store.close()


def change(shop: Workshop) -> Job:
    job = shop.pipeline.reindex(COLLECTION, OTHER).job
    assert job is not None
    return job


def relations(shop: Workshop) -> set[str]:
    with shop.store.read(COLLECTION) as reader:
        return {fact.relation for fact in reader.facts()}


def published(shop: Workshop) -> tuple[set[str], set[str]]:
    """Sources and relations that questions are answered from."""
    shop.pipeline.publish(COLLECTION)
    found = shop.snapshot()
    return set(found.documents.source), set(found.facts.relation)


def other(shop: Workshop) -> ScriptedExtractor:
    found = shop.extractors["other"]
    assert isinstance(found, ScriptedExtractor)
    return found


def extractor_of(shop: Workshop) -> str:
    return shop.store.collection(COLLECTION).settings.extractor


def fail_on(text: str, shop: Workshop) -> None:
    other(shop).script = lambda passage: "no answer" if text in passage.text else ""


def test_the_old_graph_answers_until_the_last_document_was_read(stored: Workshop) -> None:
    stored.ingest(A, B)
    assert published(stored) == ({"a", "b"}, OLD)
    change(stored)
    for _ in range(2):
        assert published(stored) == ({"a", "b"}, OLD)
        stored.pipeline.process(stored.lease(1))
        assert relations(stored) == OLD
    assert published(stored) == ({"a", "b"}, NEW)
    assert stored.store.collection(COLLECTION).settings.settled == OTHER


def test_it_equals_one_that_was_indexed_so_from_the_start(stored: Workshop, tmp_path: Path) -> None:
    stored.ingest(A, B)
    change(stored)
    stored.pipeline.process(stored.lease())
    stored.pipeline.publish(COLLECTION)
    fresh = shop_in(tmp_path / "fresh")
    fresh.store.update_settings(COLLECTION, OTHER)
    fresh.ingest(A, B)
    fresh.pipeline.publish(COLLECTION)
    assert stored.dump() == fresh.dump()
    assert stored.pipeline.submit(COLLECTION, [A, B]).unchanged == 2


def test_a_document_that_comes_in_meanwhile_is_answered_and_then_read_anew(shop: Workshop) -> None:
    change(shop)
    shop.pipeline.submit(COLLECTION, [C])
    assert [task.source for task in shop.lease(1)] == ["c"], "before those that answer already"
    shop.queue.reclaim(lambda _: True)
    shop.pipeline.process(shop.lease())
    assert published(shop) == ({"a", "b", "c"}, OLD)
    assert shop.queue.waiting() == 1, "it is read anew"
    shop.pipeline.process(shop.lease())
    assert published(shop) == ({"a", "b", "c"}, NEW)


def test_a_document_that_changed_meanwhile_keeps_its_newer_text(shop: Workshop) -> None:
    change(shop)
    held = shop.lease()
    newer = replace(A, text="Penfield mapped. Milner tested.")
    shop.pipeline.submit(COLLECTION, [newer])
    shop.pipeline.process(shop.lease())
    shop.pipeline.process(held)
    assert published(shop) == ({"a", "b"}, OLD)
    shop.pipeline.process(shop.lease())
    assert published(shop) == ({"a", "b"}, NEW)
    assert newer.text in shop.texts()
    assert A.text not in shop.texts()


def test_handing_in_what_did_not_change_disturbs_nothing(shop: Workshop) -> None:
    change(shop)
    assert shop.pipeline.submit(COLLECTION, [A, B]).unchanged == 2
    assert shop.queue.waiting() == 2


def test_a_document_that_was_deleted_meanwhile_stays_away(shop: Workshop) -> None:
    change(shop)
    held = shop.lease()
    with shop.store.read(COLLECTION) as reader:
        ids = {document.source: document.id for document in reader.documents()}
    shop.pipeline.delete(COLLECTION, [ids["a"]])
    shop.pipeline.process(held)
    assert published(shop) == ({"b"}, NEW)


def test_what_could_not_be_read_keeps_the_extraction_that_it_has(shop: Workshop) -> None:
    fail_on("Olds", shop)
    change(shop)
    shop.pipeline.process(shop.lease())
    assert published(shop) == ({"a", "b"}, OLD | NEW)
    assert shop.counts()["quarantined"] == 0
    other(shop).script = lambda _: ""
    assert change(shop).total == 1, "it is tried again when that is asked for"
    shop.pipeline.process(shop.lease())
    assert published(shop) == ({"a", "b"}, NEW)


def test_a_document_that_failed_keeps_the_others_waiting_until_it_is_tried_again(
    shop: Workshop,
) -> None:
    def stumble(passage: Passage) -> str:
        if "Olds" in passage.text:
            raise ValueError("a stumble")
        return ""

    other(shop).script = stumble
    job = change(shop)
    for _ in range(3):
        shop.pipeline.process(shop.lease())
    assert shop.queue.job(job.id).counts == {TaskState.EXTRACTED: 1, TaskState.FAILED: 1}
    assert published(shop) == ({"a", "b"}, OLD)
    assert not shop.pipeline.publisher.stale(shop.store.collection(COLLECTION))
    other(shop).script = lambda _: ""
    shop.queue.retry_failed(job.id)
    shop.pipeline.process(shop.lease())
    assert shop.pipeline.publisher.stale(shop.store.collection(COLLECTION))
    assert published(shop) == ({"a", "b"}, NEW)


def test_it_is_known_from_the_start_how_much_there_is_to_read(shop: Workshop) -> None:
    job = change(shop)
    assert (job.progress.passages, job.progress.passages_done) == (2, 0)
    shop.pipeline.process(shop.lease(1))
    after = shop.queue.job(job.id).progress
    assert (after.passages, after.passages_done) == (2, 1)


def test_cancelling_the_job_leaves_all_as_it_is(shop: Workshop) -> None:
    job = change(shop)
    shop.pipeline.process(shop.lease(1))
    shop.pipeline.cancel(job.id)
    assert published(shop) == ({"a", "b"}, OLD)
    assert shop.store.collection(COLLECTION).settings == SETTINGS
    assert shop.queue.waiting() == 0


def test_cancelling_another_job_changes_nothing_about_it(shop: Workshop) -> None:
    change(shop)
    job = shop.pipeline.submit(COLLECTION, [C]).job
    assert job is not None
    shop.pipeline.cancel(job.id)
    shop.pipeline.process(shop.lease())
    assert published(shop) == ({"a", "b"}, NEW)


def test_going_back_ends_it(shop: Workshop) -> None:
    change(shop)
    assert shop.pipeline.reindex(COLLECTION, SETTINGS).job is None
    assert shop.queue.waiting() == 0
    assert published(shop) == ({"a", "b"}, OLD)
    assert extractor_of(shop) == "scripted"


def test_a_change_of_mind_ends_in_what_was_wanted_last(shop: Workshop) -> None:
    third = ScriptedExtractor(fingerprint="third", relation="is near")
    shop.extractors["third"] = third
    change(shop)
    held = shop.lease(1)
    shop.pipeline.reindex(COLLECTION, replace(SETTINGS, extractor="third"))
    shop.pipeline.process(held)
    shop.pipeline.process(shop.lease())
    assert published(shop) == ({"a", "b"}, {"is near"})


def test_asking_for_the_same_again_begins_nothing_anew(shop: Workshop) -> None:
    change(shop)
    again = shop.pipeline.reindex(COLLECTION, OTHER)
    assert (again.job, again.unchanged) == (None, 2)
    shop.pipeline.process(shop.lease())
    assert published(shop) == ({"a", "b"}, NEW)


def test_other_passages_take_over_at_once_too(shop: Workshop) -> None:
    shop.pipeline.reindex(COLLECTION, replace(SETTINGS, max_tokens=4))
    shop.pipeline.process(shop.lease(1))
    shop.pipeline.publish(COLLECTION)
    assert shop.counts()["passages"] == 2
    shop.pipeline.process(shop.lease())
    shop.pipeline.publish(COLLECTION)
    assert shop.counts()["passages"] == 6


def test_what_is_half_done_is_finished_before_it_is_published(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the process dies between two transactions of the change."""
    monkeypatch.setattr("indexer.coverage.PAGE", 1)
    change(shop)
    shop.pipeline.process(shop.lease())
    commit, times = shop.store.commit, iter([True, False])

    def dies(collection: str, change: object) -> int:
        if not next(times):
            raise KeyboardInterrupt
        return commit(collection, change)  # type: ignore[arg-type] # any that there is

    monkeypatch.setattr(shop.store, "commit", dies)
    with pytest.raises(KeyboardInterrupt):
        shop.pipeline.publish(COLLECTION)
    monkeypatch.setattr(shop.store, "commit", commit)
    assert relations(shop) == OLD | NEW
    assert set(shop.snapshot().facts.relation) == OLD
    again = shop_in(shop.folder, shop.store)
    assert published(again) == ({"a", "b"}, NEW)


def test_where_documents_keep_coming_the_last_ones_follow(shop: Workshop) -> None:
    change(shop)
    for number in range(9):
        shop.pipeline.process(shop.lease())
        shop.pipeline.submit(COLLECTION, [note(f"more {number}", f"Person{number} met Hebb.")])
        shop.pipeline.process(shop.lease(1))
        shop.pipeline.publish(COLLECTION)
        if extractor_of(shop) == "other":
            break
    assert extractor_of(shop) == "other"
    shop.pipeline.process(shop.lease())
    assert published(shop)[1] == NEW


def test_a_run_that_is_waited_for_ends_with_the_new_graph(shop: Workshop) -> None:
    late = [C]

    def hand_in(_: Passage) -> str:
        if late:
            shop.pipeline.submit(COLLECTION, [late.pop()])
        return ""

    other(shop).script = hand_in
    change(shop)
    Worker(shop.pipeline, poll_seconds=0.01).run_until_empty(COLLECTION)
    assert published(shop) == ({"a", "b", "c"}, NEW)


def test_an_extractor_of_a_newer_version_takes_over_at_once_too(shop: Workshop) -> None:
    shop.extractor = ScriptedExtractor(fingerprint="scripted 2", relation="leads to")
    shop.pipeline.reindex(COLLECTION, SETTINGS)
    shop.pipeline.process(shop.lease(1))
    assert published(shop) == ({"a", "b"}, OLD)
    shop.pipeline.process(shop.lease())
    assert published(shop) == ({"a", "b"}, {"leads to"})


def test_what_was_read_ahead_is_not_forgotten_while_it_waits(shop: Workshop) -> None:
    shop.pipeline.reindex(COLLECTION, replace(OTHER, max_tokens=4))
    shop.pipeline.process(shop.lease())
    shop.pipeline.tidy(COLLECTION)
    shop.pipeline.publish(COLLECTION)
    assert len(other(shop).calls) == 6
    assert extractor_of(shop) == "other"
