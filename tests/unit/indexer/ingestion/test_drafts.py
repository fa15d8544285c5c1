"""Two tiers: documents come in at once as drafts; what a chat model finds takes their place."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from threading import Event

import pytest

from indexer.ingestion.processed import Processed
from indexer.progress import StepProgress
from kg.errors import ModelUnavailable
from kg.jobs import TaskState
from kg.memory import MemoryStore
from kg.records import Passage
from kg.sqlite import SQLiteStore
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.waiting import until
from tests.doubles.workshop import COLLECTION, SETTINGS, Workshop, note

A = note("a", "Scoville operated. Milner tested.")
B = note("b", "Olds stimulated. Milner watched.")
C = note("c", "Olds stimulated. Milner watched.")
PAID = replace(SETTINGS, extractor="paid")


def shop_in(
    folder: Path, *, first_tier: str = "quick", store: MemoryStore | SQLiteStore | None = None
) -> Workshop:
    """A workshop whose model reads well, and whose quick extractor reads less well."""
    paid = ScriptedExtractor(fingerprint="paid", paid=True)
    quick = ScriptedExtractor(fingerprint="quick", relation="stands near")
    return Workshop(
        folder=folder,
        store=store or MemoryStore(),
        extractor=paid,
        extractors={"quick": quick, "paid": paid},
        settings=PAID,
        first_tier=first_tier,
    )


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return shop_in(tmp_path / "shop")


def relations(shop: Workshop) -> set[str]:
    with shop.store.read(COLLECTION) as reader:
        return {fact.relation for fact in reader.facts()}


def model(shop: Workshop) -> ScriptedExtractor:
    found = shop.extractors["paid"]
    assert isinstance(found, ScriptedExtractor)
    return found


def test_a_new_document_is_in_the_graph_before_the_model_was_asked(shop: Workshop) -> None:
    job = shop.pipeline.submit(COLLECTION, [A, B]).job
    assert job is not None
    assert shop.pipeline.process(shop.lease()) == Processed(drafted=2)
    assert shop.sources() == ["a", "b"]
    assert relations(shop) == {"stands near"}
    assert model(shop).calls == []
    after = shop.queue.job(job.id)
    assert (after.counts, after.drafted) == ({TaskState.QUEUED: 2}, 2)
    assert (after.progress.passages, after.progress.passages_done) == (2, 0)


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_then_the_models_extraction_takes_its_place(kind: str, tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "a.sqlite") if kind == "sqlite" else MemoryStore()
    shop = shop_in(tmp_path / "shop", store=store)
    moment = datetime(2026, 5, 1, tzinfo=timezone(timedelta(hours=2)))
    dated = replace(C, observed_at=moment, metadata={"by": ["Olds", {"in": 1954}]})
    shop.pipeline.submit(COLLECTION, [A, B, dated])
    shop.pipeline.process(shop.lease())
    assert shop.pipeline.process(shop.lease()) == Processed(done=3)
    assert relations(shop) == {"precedes"}
    plain = shop_in(tmp_path / "plain", first_tier="")
    plain.ingest(A, B, dated)
    assert shop.dump() == plain.dump(), "nothing is left of the drafts"
    assert shop.queue.waiting() == 0
    store.close()


def test_without_the_first_tier_nothing_comes_in_before_the_model_read_it(tmp_path: Path) -> None:
    shop = shop_in(tmp_path, first_tier="")
    shop.pipeline.submit(COLLECTION, [A])
    assert shop.pipeline.process(shop.lease()) == Processed(done=1)
    assert relations(shop) == {"precedes"}


def test_what_the_model_was_paid_for_before_makes_a_draft_needless(shop: Workshop) -> None:
    shop.ingest(A)
    shop.pipeline.process(shop.lease())
    shop.pipeline.submit(COLLECTION, [replace(A, source="copy")])
    assert shop.pipeline.process(shop.lease()) == Processed(done=1)
    assert len(model(shop).calls) == 1


def test_a_draft_does_not_take_the_place_of_what_the_model_found_elsewhere(
    shop: Workshop,
) -> None:
    """B and C are of one passage; only the other one of the new document is drafted."""
    settings = replace(PAID, max_tokens=4)
    shop.store.update_settings(COLLECTION, settings)
    shop.ingest(B)
    shop.pipeline.process(shop.lease())
    known = set(model(shop).calls)
    longer = note("b", f"{B.text} Hebb listened.")
    shop.pipeline.submit(COLLECTION, [longer])
    assert shop.pipeline.process(shop.lease()) == Processed(drafted=1)
    with shop.store.read(COLLECTION) as reader:
        by = {one.passage_id: one.extractor for one in reader.extractions()}
        texts = {one.text: by[one.id] for one in reader.passages()}
    assert {text for text, extractor in texts.items() if extractor == "paid"} <= known
    assert set(texts.values()) == {"paid", "quick"}


def test_a_draft_whose_job_was_cancelled_stays_and_may_be_handed_in_again(shop: Workshop) -> None:
    job = shop.pipeline.submit(COLLECTION, [A]).job
    assert job is not None
    shop.pipeline.process(shop.lease())
    shop.queue.cancel(job.id)
    assert shop.sources() == ["a"]
    again = shop.pipeline.submit(COLLECTION, [A])
    assert again.submitted == 1
    shop.pipeline.process(shop.lease())
    shop.pipeline.process(shop.lease())
    assert relations(shop) == {"precedes"}


def test_a_document_withdrawn_while_it_is_drafted_does_not_come_in(shop: Workshop) -> None:
    shop.pipeline.submit(COLLECTION, [A])
    tasks = shop.lease()
    shop.pipeline.delete(COLLECTION, [tasks[0].document_id])
    shop.pipeline.process(tasks)
    assert shop.sources() == []
    assert shop.queue.waiting() == 0


def test_what_is_called_off_meanwhile_is_not_sent_to_the_model(shop: Workshop) -> None:
    job = shop.pipeline.submit(COLLECTION, [A, B]).job
    assert job is not None
    shop.pipeline.process(shop.lease())
    tasks = shop.lease()
    shop.queue.cancel(job.id)
    shop.pipeline.process(tasks)
    assert model(shop).calls == []


# The worker


@pytest.fixture
def busy(shop: Workshop) -> Iterator[Event]:
    """The model takes its time until this is set."""
    go_on = Event()

    def wait(_: Passage) -> str:
        go_on.wait(30)
        return ""

    model(shop).script = wait
    yield go_on
    go_on.set()


def published(shop: Workshop) -> int:
    return len(shop.snapshot().documents.id) if shop.snapshots().current() else 0


def _as_many(shop: Workshop, number: int) -> bool:
    return published(shop) == number


def test_in_the_background_documents_are_published_while_the_model_is_busy(
    shop: Workshop, busy: Event
) -> None:
    shop.pipeline.submit(COLLECTION, [A])
    working = shop.worker()
    working.start()
    until(lambda: published(shop) == 1)
    until(lambda: bool(model(shop).calls))
    shop.pipeline.submit(COLLECTION, [B])  # all threads that may ask the model wait for it
    working.wake()
    until(lambda: published(shop) == 2)
    assert model(shop).calls == [A.text]
    busy.set()
    until(lambda: shop.queue.waiting() == 0)
    until(lambda: not shop.pipeline.publisher.stale(shop.store.collection(COLLECTION)))
    working.stop()
    assert relations(shop) == {"precedes"}


def test_documents_that_need_no_model_do_not_wait_for_one(shop: Workshop, busy: Event) -> None:
    shop.store.create_collection("plain", replace(SETTINGS, extractor="quick"))
    shop.pipeline.submit(COLLECTION, [A])
    working = shop.worker()
    working.start()
    until(lambda: bool(model(shop).calls))
    shop.pipeline.submit("plain", [B])
    working.wake()
    until(lambda: shop.queue.waiting("plain") == 0)
    busy.set()
    working.stop()


def test_where_nobody_waits_for_a_model_one_thread_does_all(tmp_path: Path) -> None:
    plain = Workshop(folder=tmp_path, first_tier="quick")
    assert (plain.pipeline.tiers.drafting(), plain.pipeline.tiers.quick()) == ([], [])


def test_a_run_publishes_the_drafts_before_the_model_is_asked(shop: Workshop) -> None:
    seen: list[int] = []

    def look(_: Passage) -> str:
        seen.append(published(shop))
        return ""

    model(shop).script = look
    shop.pipeline.submit(COLLECTION, [A, B])
    assert shop.worker().run_until_empty() == Processed(drafted=2, done=2)
    assert seen == [2, 2]
    assert relations(shop) == {"precedes"}


def test_a_run_tells_how_many_passages_the_model_has_read(shop: Workshop) -> None:
    steps: list[StepProgress] = []
    shop.pipeline.submit(COLLECTION, [A, B])
    for _ in range(101):  # newer jobs that are over are in nobody's way
        shop.queue.enqueue(COLLECTION, [])
    shop.worker().run_until_empty(progress=steps.append)
    read = [step for step in steps if step.step == "read passages"]
    assert read[-1] == StepProgress(step="read passages", done=2, total=2)


def test_documents_come_in_as_drafts_while_the_model_is_away(shop: Workshop) -> None:
    def refuse(_: Passage) -> str:
        raise ModelUnavailable("The endpoint refuses.")

    model(shop).script = refuse
    working = shop.worker()
    working.start()
    for number, document in enumerate((A, B), 1):
        shop.pipeline.submit(COLLECTION, [document])
        working.wake()
        until(partial(_as_many, shop, number))
    working.stop()
    assert shop.queue.waiting() == 2
