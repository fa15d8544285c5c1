"""What nobody foresaw costs the document that brings it about, and nothing else."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from indexer.extraction.llm import LLMExtractor
from indexer.extraction.notes import Label
from indexer.flow import recovery
from indexer.flow.meter import NoMeter
from indexer.publisher import Publisher
from inference.openai_compatible import Endpoint, OpenAIChatModel
from kg import ids
from kg.errors import StoreError, StoreUnavailable
from kg.jobs import Progress, TaskState
from kg.records import Collection, Passage
from tests.doubles.chat_server import Answer, ChatServer, Request
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.llm_answers import good
from tests.doubles.office import NOTES, Office
from tests.doubles.workshop import COLLECTION, SETTINGS


def broken(*_: object, **__: object) -> Any:
    raise OverflowError("an integer is too large")


def fails_at(*texts: str) -> Callable[[Passage], str]:
    return lambda passage: broken() if passage.text in texts else ""


def test_a_document_at_which_something_unforeseen_happens_fails_with_the_reason(
    tmp_path: Path,
) -> None:
    office = Office(tmp_path, extractor=ScriptedExtractor(broken, paid=True))
    job = office.submit(NOTES[0])
    office.work()
    (task,) = office.shop.queue.tasks(job)
    assert (task.state, task.attempts) == (TaskState.FAILED, 3)
    assert task.error == "OverflowError: an integer is too large"
    assert len(office.calls) == 3


def test_it_costs_no_other_document_of_the_batch(tmp_path: Path) -> None:
    script = fails_at(NOTES[1].text)
    office = Office(tmp_path, extractor=ScriptedExtractor(script, paid=True))
    job = office.submit(*NOTES[:4])
    office.work()
    assert office.shop.queue.job(job).counts == {TaskState.EXTRACTED: 3, TaskState.FAILED: 1}
    assert office.shop.sources() == ["0", "2", "3"]


def test_what_the_store_cannot_do_at_a_document_is_told_there(tmp_path: Path) -> None:
    def script(passage: Passage) -> str:
        if passage.text == NOTES[1].text:
            raise StoreError("too large for the store")
        return ""

    office = Office(tmp_path, extractor=ScriptedExtractor(script, paid=True))
    job = office.submit(*NOTES[:4])
    office.work()
    assert office.shop.queue.job(job).counts == {TaskState.EXTRACTED: 3, TaskState.FAILED: 1}
    (task,) = [one for one in office.shop.queue.tasks(job) if one.state is TaskState.FAILED]
    assert (task.attempts, task.error) == (3, "too large for the store")


def test_an_outage_of_the_store_is_no_documents_fault(tmp_path: Path) -> None:
    def away(_: Passage) -> str:
        raise StoreUnavailable("the store is away")

    office = Office(tmp_path, extractor=ScriptedExtractor(away, paid=True))
    job = office.submit(NOTES[0])
    with structlog.testing.capture_logs() as told:
        office.work()
    (task,) = office.shop.queue.tasks(job)
    assert task.state is not TaskState.FAILED
    assert not any("unexpected" in row["event"] for row in told)


def test_what_happens_at_a_document_that_was_called_off_is_nobodys_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def script(_: Passage) -> str:
        office.shop.pipeline.cancel(job)
        return str(broken())

    office = Office(tmp_path, extractor=ScriptedExtractor(script, paid=True))
    counted: list[int] = []
    monkeypatch.setattr(NoMeter, "documents", lambda _, *, done, failed: counted.append(failed))
    job = office.submit(NOTES[0])
    with structlog.testing.capture_logs() as told:
        office.work()
    assert len(office.calls) == 1
    assert sum(counted) == 0
    assert not any(row["log_level"] == "error" for row in told)


@pytest.mark.parametrize(
    "part", ["extend", "reclaim", "busy", "finish_deletions", "prune_leases", "collections"]
)
def test_a_sweep_goes_on_where_a_part_of_it_fails(
    office: Office, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    store, done = office.shop.store, []
    later = {"extend": "reclaim", "reclaim": "prune_leases", "busy": "finish_deletions"}
    after = later.get(part, "prune_leases" if part == "finish_deletions" else "hold")
    real = getattr(store, after)

    def seen(*args: Any, **options: Any) -> Any:
        done.append(after)
        return real(*args, **options)

    office.submit(NOTES[0])
    office.flow.dispatcher.prepare()
    monkeypatch.setattr(store, after, seen)
    monkeypatch.setattr(store, part, broken)
    with structlog.testing.capture_logs() as told:
        office.sweep()
    assert done
    assert any(row["log_level"] == "error" for row in told), "it is told"


def test_what_happens_at_one_collection_keeps_no_other_from_being_published(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: Publisher, collection: Collection) -> bool:
        return bool(broken()) if collection.name == "another" else stale(self, collection)

    stale = Publisher.stale
    office.shop.store.create_collection("another", SETTINGS)
    monkeypatch.setattr(Publisher, "stale", fails)
    with structlog.testing.capture_logs() as told:
        office.sweep()
    assert office.broker.steps() == ["publish"]
    assert [row["collection"] for row in told if row["log_level"] == "error"] == ["another"]


def test_a_sweep_ends_when_the_store_is_away(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> Any:
        raise StoreUnavailable("the store is away")

    monkeypatch.setattr(office.shop.store, "collections", away)
    monkeypatch.setattr(office.shop.store, "probe", away)
    monkeypatch.setattr(office.shop.store, "reclaim", broken)
    with pytest.raises(StoreUnavailable):
        office.sweep()


@pytest.fixture
def asking(tmp_path: Path, server: ChatServer) -> Iterator[Office]:
    """An office that asks a chat model, whose answers lie in `answers` until they are noted."""
    model = OpenAIChatModel(Endpoint(base_url=server.url, model="scripted", attempts=1))
    yield Office(tmp_path, extractor=LLMExtractor(model, spool=tmp_path / "answers"))
    model.close()


def leave(asking: Office, passage_id: str, task: str = "") -> None:
    """An answer, as somebody leaves it who is killed."""
    extractor = asking.shop.extractor
    assert isinstance(extractor, LLMExtractor)
    assert extractor._spool is not None
    body = {"messages": [{"role": "user", "content": "?"}], "model": "scripted"}
    request = Request(path="/v1/chat/completions", headers={}, body=body)
    label = Label(
        passage_id=passage_id, collection=COLLECTION, extractor=extractor.fingerprint, task=task
    )
    file = extractor._spool.reserve(label, "entities")
    file.arrived(good(request).encoded(request))


def test_an_answer_that_cannot_be_brought_in_is_set_aside_and_holds_up_no_other(
    asking: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = asking.submit(NOTES[0])
    (task,) = asking.shop.queue.tasks(job)
    swap = asking.shop.store.swap_extraction

    def refuses(collection: str, extraction: Any, **options: Any) -> bool:
        return (
            broken() if extraction.passage_id == "bad" else swap(collection, extraction, **options)
        )

    leave(asking, "bad")
    leave(asking, ids.passage_id(COLLECTION, NOTES[0].title, "", NOTES[0].text), task.id)
    leave(asking, "bad")
    monkeypatch.setattr(asking.shop.store, "swap_extraction", refuses)
    monkeypatch.setattr(recovery, "is_dead", lambda worker: not worker.startswith("elsewhere"))
    with structlog.testing.capture_logs() as told:
        asking.sweep()
    assert asking.shop.queue.job(job).progress == Progress(input_tokens=11, output_tokens=7)
    left = sorted(str(file) for file in (tmp_path / "answers").iterdir())
    assert len(left) == 2
    assert sorted(f"{row['file']}.aside" for row in told if "file" in row) == left
    with structlog.testing.capture_logs() as told:
        asking.sweep()
    assert told == [], "it is tried once"


def test_tokens_beyond_all_counting_hold_up_no_document(asking: Office, server: ChatServer) -> None:
    server.chat = lambda request: Answer(content=good(request).content, usage=(10**30, 10**30))
    job = asking.submit(*NOTES[:3])
    asking.work()
    found = asking.shop.queue.job(job)
    assert found.counts == {TaskState.EXTRACTED: 3}
    assert 0 < found.progress.input_tokens < 10_000
