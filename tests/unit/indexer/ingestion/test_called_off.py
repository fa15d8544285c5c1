"""Work that takes long ends when nobody wants it any more."""

from pathlib import Path
from threading import Event

import pytest

from indexer.extraction.llm import LLMExtractor
from indexer.ingestion import reading
from indexer.ingestion.processed import Processed
from inference.openai_compatible import Endpoint, OpenAIChatModel
from kg.jobs import TaskState
from kg.records import CollectionSettings, Passage
from tests.doubles.chat_server import Answer, ChatServer, Request
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.llm_answers import good
from tests.doubles.office import Office
from tests.doubles.workshop import COLLECTION, Workshop, note

SETTINGS = CollectionSettings(extractor="scripted", embedder="hash-64", max_tokens=64)


@pytest.fixture(autouse=True)
def looks_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LOOK_SECONDS", 0.0)


def test_a_long_document_is_not_cut_to_its_end_for_a_cancelled_job(tmp_path: Path) -> None:
    shop = Workshop(folder=tmp_path, settings=SETTINGS)
    receipt = shop.pipeline.submit(COLLECTION, [note("a", "word " * 40_000)])
    tasks = shop.lease()
    assert receipt.job is not None
    shop.pipeline.cancel(receipt.job.id)
    assert shop.pipeline.process(tasks) == Processed()
    assert isinstance(shop.extractor, ScriptedExtractor)
    assert shop.extractor.calls == []


def test_the_passages_of_a_cancelled_job_are_not_read_to_the_last(tmp_path: Path) -> None:
    def cancel(_: Passage) -> str:
        (job,) = shop.queue.jobs(COLLECTION)
        shop.pipeline.cancel(job.id)
        return ""

    extractor = ScriptedExtractor(cancel)
    shop = Workshop(folder=tmp_path, settings=SETTINGS, extractor=extractor)
    text = " ".join(f"Word{n} is one." for n in range(400))
    shop.pipeline.submit(COLLECTION, [note("a", text)])
    assert shop.pipeline.process(shop.lease()) == Processed()
    assert len(extractor.calls) == 1
    assert shop.sources() == []


def told_to_end(stop: Event) -> str:
    """While a passage is read."""
    stop.set()
    return ""


LONG_TEXT = " ".join(f"Word{n} is one." for n in range(400))


@pytest.mark.parametrize("paid", [False, True])
def test_a_worker_that_is_to_end_reads_no_further_passage(tmp_path: Path, *, paid: bool) -> None:
    office = Office(tmp_path, settings=SETTINGS)
    extractor = ScriptedExtractor(lambda _: told_to_end(office.flow.tools.stop), paid=paid)
    office.shop.extractor = extractor
    job = office.submit(note("a", LONG_TEXT))
    office.work()
    assert len(extractor.calls) == 1
    office.flow.close()
    found = office.shop.queue.job(job)
    assert found.counts == {TaskState.QUEUED: 1}, "its lease is given back"
    assert office.shop.lease()[0].attempts == 1, "and no attempt counted"


@pytest.mark.parametrize("paid", [False, True])
def test_threads_that_are_to_end_give_a_long_document_back(tmp_path: Path, *, paid: bool) -> None:
    stop = Event()
    extractor = ScriptedExtractor(lambda _: told_to_end(stop), paid=paid)
    shop = Workshop(folder=tmp_path, settings=SETTINGS, extractor=extractor)
    shop.pipeline.submit(COLLECTION, [note("a", LONG_TEXT)])
    assert shop.pipeline.process(shop.lease(), stop.is_set) == Processed()
    assert len(extractor.calls) == 1
    (task,) = shop.lease()
    assert (task.attempts, task.error) == (1, "")


def test_no_draft_is_read_to_its_end_by_who_is_to_end(tmp_path: Path) -> None:
    stop = Event()
    first = ScriptedExtractor(lambda _: told_to_end(stop), fingerprint="first")
    shop = Workshop(
        folder=tmp_path,
        settings=SETTINGS,
        extractor=ScriptedExtractor(paid=True),
        extractors={"first": first},
        first_tier="first",
    )
    shop.pipeline.submit(COLLECTION, [note("a", LONG_TEXT)])
    assert shop.pipeline.process(shop.lease(), stop.is_set) == Processed()
    assert len(first.calls) == 1
    assert shop.sources() == []
    assert len(shop.lease()) == 1


def test_questions_that_wait_for_their_turn_are_not_asked_for_a_cancelled_job(
    tmp_path: Path,
) -> None:
    def answer(request: Request) -> Answer:
        if server.calls == 3:
            (job,) = shop.queue.jobs(COLLECTION)
            shop.pipeline.cancel(job.id)
        return good(request)

    with ChatServer(answer) as server:
        model = OpenAIChatModel(Endpoint(base_url=server.url, model="scripted", concurrency=1))
        extractor = LLMExtractor(model, concurrency=4)
        shop = Workshop(folder=tmp_path, settings=SETTINGS, extractor=extractor)
        shop.pipeline.submit(COLLECTION, [note("a", LONG_TEXT)])
        assert shop.pipeline.process(shop.lease()) == Processed()
        assert server.calls == 3
        model.close()
