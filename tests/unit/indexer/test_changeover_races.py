"""Nothing is lost or undone of what happens while a collection is looked at, or changed over."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from indexer.coverage import Coverage
from indexer.ingestion.work import graph_of
from kg.jobs import Budget, TaskState
from kg.records import Passage, Transition
from kg.store import DocumentGraph
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.workshop import COLLECTION, SETTINGS, Workshop, note
from tests.unit.indexer.test_changeover import (
    NEW,
    OLD,
    OTHER,
    A,
    B,
    C,
    change,
    extractor_of,
    published,
    shop_in,
)

NEWER = note("a", "Penfield mapped. Milner tested.")
NEWEST = note("a", "Penfield died. Milner lived.")
LITTLE = Budget(tokens=1)


class Metered(ScriptedExtractor):
    """It tells what it will take."""

    def tokens(self, passage: Passage) -> tuple[int, int]:
        return len(passage.text), 0


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    """With two documents, published."""
    shop = shop_in(tmp_path / "shop")
    shop.extractors["other"] = Metered(fingerprint="other", paid=True, relation="comes before")
    shop.ingest(A, B)
    shop.pipeline.publish(COLLECTION)
    return shop


@pytest.fixture
def meanwhile(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, Callable[[], Any]], None]:
    """Has something done once, just before the store is asked something."""

    def do(method: str, action: Callable[[], Any]) -> None:
        real, actions = getattr(shop.store, method), [action]

        def asked(*arguments: Any, **named: Any) -> Any:
            if actions:
                actions.pop()()
            return real(*arguments, **named)

        monkeypatch.setattr(shop.store, method, asked)

    return do


Meanwhile = Callable[[str, Callable[[], Any]], None]


def finish(shop: Workshop) -> tuple[set[str], set[str]]:
    shop.worker().run_until_empty(COLLECTION)
    return published(shop)


def test_a_text_that_comes_while_all_is_looked_at_is_not_lost(
    shop: Workshop, meanwhile: Meanwhile
) -> None:
    change(shop)
    shop.pipeline.submit(COLLECTION, [NEWER])
    shop.pipeline.process(shop.lease())
    meanwhile("saved_extractions", lambda: shop.pipeline.submit(COLLECTION, [NEWEST]))
    shop.pipeline.publish(COLLECTION)
    assert finish(shop) == ({"a", "b"}, NEW)
    assert shop.texts() == sorted([NEWEST.text, B.text])


def test_a_text_that_comes_while_a_change_begins_is_not_lost(
    shop: Workshop, meanwhile: Meanwhile
) -> None:
    meanwhile("peek", lambda: shop.pipeline.submit(COLLECTION, [NEWER]))
    change(shop)
    assert finish(shop) == ({"a", "b"}, NEW)
    assert shop.texts() == sorted([NEWER.text, B.text])


def test_a_cancel_while_all_is_looked_at_holds(shop: Workshop, meanwhile: Meanwhile) -> None:
    job = change(shop)
    shop.pipeline.process(shop.lease())
    meanwhile("saved_extractions", lambda: shop.pipeline.cancel(job.id))
    assert published(shop) == ({"a", "b"}, OLD)
    assert shop.store.collection(COLLECTION).settings == SETTINGS


def test_another_embedder_that_comes_while_all_is_looked_at_holds(
    shop: Workshop, meanwhile: Meanwhile
) -> None:
    change(shop)
    shop.pipeline.process(shop.lease())
    both = replace(OTHER, embedder="hash-32")
    meanwhile("saved_extractions", lambda: shop.pipeline.reindex(COLLECTION, both))
    shop.pipeline.publish(COLLECTION)
    shop.worker().run_until_empty(COLLECTION)
    settings = shop.store.collection(COLLECTION).settings
    assert (settings.embedder, settings.extractor) == ("hash-32", "other")


def test_a_change_that_is_asked_for_while_it_is_cancelled_begins_anew(
    shop: Workshop, meanwhile: Meanwhile
) -> None:
    job = change(shop)
    meanwhile("peek", lambda: shop.pipeline.cancel(job.id))
    assert change(shop).counts == {TaskState.QUEUED: 2}
    assert finish(shop) == ({"a", "b"}, NEW)


@pytest.mark.parametrize("method", ["enqueue", "append"])
def test_no_snapshot_that_is_made_while_a_change_begins_has_it_exceed_its_budget(
    shop: Workshop, meanwhile: Meanwhile, method: str
) -> None:
    meanwhile(method, lambda: shop.pipeline.publish(COLLECTION))
    job = shop.pipeline.reindex(COLLECTION, OTHER, budget=LITTLE).job
    assert job is not None
    assert finish(shop) == ({"a", "b"}, OLD)
    assert shop.queue.job(job.id).counts == {TaskState.FAILED: 2}
    assert [one.budget for one in shop.queue.jobs(COLLECTION, limit=1)] == [LITTLE]


def test_a_change_that_was_cut_short_as_it_began_goes_on_within_its_budget(
    shop: Workshop, meanwhile: Meanwhile
) -> None:
    def die() -> None:
        raise KeyboardInterrupt

    meanwhile("append", die)
    with pytest.raises(KeyboardInterrupt):
        shop.pipeline.reindex(COLLECTION, OTHER, budget=LITTLE)
    assert finish(shop) == ({"a", "b"}, OLD)
    (job, _) = shop.queue.jobs(COLLECTION)
    assert (job.budget, job.counts) == (LITTLE, {TaskState.FAILED: 2})


def test_what_comes_meanwhile_is_paid_from_the_same_budget(shop: Workshop) -> None:
    budget = Budget(tokens=100_000)
    job = shop.pipeline.reindex(COLLECTION, OTHER, budget=budget).job
    assert job is not None
    shop.pipeline.submit(COLLECTION, [C])
    assert finish(shop) == ({"a", "b", "c"}, NEW)
    assert shop.queue.job(job.id).counts == {TaskState.EXTRACTED: 3}


def test_asking_again_while_it_goes_on_leaves_its_budget(shop: Workshop) -> None:
    budget = Budget(tokens=100_000)
    job = shop.pipeline.reindex(COLLECTION, OTHER, budget=budget).job
    assert job is not None
    shop.queue.fail(shop.lease(1)[0].id, "no luck", worker="test", retry=False)
    again = shop.pipeline.reindex(COLLECTION, OTHER)
    assert again.job is not None
    assert (again.job.id, again.submitted, again.unchanged) == (job.id, 1, 1)
    assert finish(shop) == ({"a", "b"}, NEW)


def test_where_nobody_knows_what_may_be_spent_all_stays_as_it_is(shop: Workshop) -> None:
    shop.store.update_settings(
        COLLECTION,
        replace(SETTINGS, transition=Transition(extractor="other", job="job-of-elsewhere")),
    )
    assert finish(shop) == ({"a", "b"}, OLD)
    assert shop.store.collection(COLLECTION).settings == SETTINGS


def test_what_keeps_the_others_waiting_is_told_with_the_job_that_mends_it(shop: Workshop) -> None:
    change(shop)
    newer = shop.pipeline.submit(COLLECTION, [NEWER]).job
    assert newer is not None
    for task in shop.lease():
        if task.source == "a":
            shop.queue.fail(task.id, "no luck", worker="test", retry=False)
        else:
            shop.pipeline.process([task])
    with capture_logs() as logs:
        shop.pipeline.publish(COLLECTION)
    (told,) = [entry for entry in logs if "remedy" in entry]
    assert f"ammon jobs retry {newer.id}" in told["remedy"]
    assert shop.queue.retry_failed(newer.id) == 1
    assert finish(shop) == ({"a", "b"}, NEW)
    assert extractor_of(shop) == "other"


def test_a_worker_may_be_quicker_than_who_queues(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is expected is written before there is anything to be done."""
    read = shop.store.peek

    def later(collection: str) -> Any:
        shop.pipeline.process(shop.lease())
        return read(collection)

    monkeypatch.setattr(shop.store, "peek", later)
    job = change(shop)
    shop.pipeline.process(shop.lease())
    after = shop.queue.job(job.id).progress
    assert (after.passages, after.passages_done) == (2, 2)


def test_the_graph_is_read_once_for_what_was_readable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.coverage.PAGE", 1)
    shop = shop_in(tmp_path / "shop")
    for name in ("scripted", "other"):
        shop.extractors[name] = ScriptedExtractor(lambda _: "no answer", fingerprint=name)
    shop.ingest(A, B)
    change(shop)
    shop.pipeline.process(shop.lease())
    real, times = Coverage.readable, []

    def readable(self: Coverage, collection: str) -> Any:
        times.append(collection)
        return real(self, collection)

    monkeypatch.setattr(Coverage, "readable", readable)
    shop.pipeline.publish(COLLECTION)
    assert times == [COLLECTION]


def test_while_failures_hold_it_up_only_these_are_looked_at_anew(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(shop)
    for task in shop.lease():
        if task.source == "b":
            shop.queue.fail(task.id, "no luck", worker="test", retry=False)
        else:
            shop.pipeline.process([task])
    shop.ingest(C)
    chunked: list[str] = []

    def noted(*arguments: Any) -> DocumentGraph:
        chunked.append(arguments[1].source)
        return graph_of(*arguments)

    monkeypatch.setattr("indexer.coverage.graph_of", noted)
    shop.pipeline.publish(COLLECTION)
    afar = Workshop(folder=shop.folder, store=shop.store, extractors=shop.extractors)
    afar.pipeline.publish(COLLECTION)
    assert chunked == ["b", "b"], "once in each process"
