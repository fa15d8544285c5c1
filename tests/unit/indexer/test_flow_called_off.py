"""Nothing is asked about what nobody wants any more, or while something more urgent waits."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from indexer.extraction.llm import LLMExtractor
from indexer.flow import routing, undertaking
from indexer.flow.batches import Batch
from inference.openai_compatible import Endpoint, OpenAIChatModel
from kg import ids
from kg.jobs import TaskState
from kg.records import Passage
from kg.sqlite import SQLiteStore
from tests.doubles.chat_server import Answer, ChatServer, Request
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.llm_answers import good
from tests.doubles.office import NOTES, SHORT, Office, undisturbed
from tests.doubles.workshop import COLLECTION, Workshop, note

LONG = note("long", " ".join(f"Person{number} met Person{number + 1}." for number in range(16)))


@pytest.fixture(autouse=True)
def looks_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(undertaking, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(routing, "EMPTY_SECONDS", 0.0)


@pytest.fixture
def asking(tmp_path: Path, server: ChatServer) -> Iterator[Office]:
    """Four passages at once wait for one connection to a chat model."""
    model = OpenAIChatModel(Endpoint(base_url=server.url, model="scripted", concurrency=1))
    extractor = LLMExtractor(model, concurrency=4, spool=tmp_path / "answers")
    yield Office(tmp_path, extractor=extractor)
    model.close()


def cancel(shop: Workshop) -> None:
    shop.pipeline.cancel(shop.queue.jobs(COLLECTION)[0].id)


def delete_documents(shop: Workshop) -> None:
    tasks = shop.queue.tasks(shop.queue.jobs(COLLECTION)[0].id)
    shop.pipeline.delete(COLLECTION, [task.document_id for task in tasks])


def delete_collection(shop: Workshop) -> None:
    shop.store.delete_collection(COLLECTION)


@pytest.mark.parametrize("call_off", [cancel, delete_documents, delete_collection])
def test_what_is_called_off_costs_no_more_than_what_was_asked(
    asking: Office, server: ChatServer, tmp_path: Path, call_off: Callable[[Workshop], None]
) -> None:
    def answer(request: Request) -> Answer:
        if server.calls == 3:
            call_off(asking.shop)
        return good(request)

    server.chat = answer
    asking.submit(*NOTES[:8])
    asking.work()
    assert server.calls == 3
    waiting = list((tmp_path / "answers").iterdir())
    kept = 1 if call_off is delete_collection else 0
    assert len(waiting) == kept, "no question waits for an answer"


def test_what_was_answered_before_a_job_was_cancelled_is_not_asked_again(
    asking: Office, server: ChatServer
) -> None:
    def answer(request: Request) -> Answer:
        if server.calls == 3:
            cancel(asking.shop)
            asking.submit(*NOTES[:4])
        return good(request)

    server.chat = answer
    asking.submit(*NOTES[:4])
    asking.work()
    assert len(asking.shop.sources()) == 4
    assert len({request.prompt for request in server.requests}) == server.calls == 8


def test_whoever_looks_whether_to_go_on_waits_for_nobody_who_changes_tasks(tmp_path: Path) -> None:
    office = Office(tmp_path, store=SQLiteStore(tmp_path / "store.sqlite"))
    office.submit(NOTES[0])
    office.broker.deliver_one(office.flow)
    batch = Batch.of(office.broker.sent[-1][1])
    work = undertaking.Undertaking(batch, office.flow.tools, set(batch.own))
    assert work.goes_on()
    cancel(office.shop)
    with closing(apsw.Connection(str(tmp_path / "store.sqlite"))) as other:
        other.execute("BEGIN IMMEDIATE")
        assert not work.goes_on()
    office.shop.store.close()


def test_a_document_that_is_deleted_stops_no_other_of_its_batch(
    asking: Office, server: ChatServer
) -> None:
    def answer(request: Request) -> Answer:
        if server.calls == 1:
            gone = next(one for one in NOTES if one.text not in request.prompt)
            asking.shop.pipeline.delete(COLLECTION, [ids.document_id(COLLECTION, gone.source)])
        return good(request)

    server.chat = answer
    asking.submit(*NOTES[:4])
    asking.work()
    assert len(asking.shop.sources()) == 3
    assert server.calls == 6


@pytest.mark.parametrize("paid", [True, False])
def test_a_batch_of_many_passages_ends_with_the_one_at_which_its_job_was_cancelled(
    tmp_path: Path, *, paid: bool
) -> None:
    def cancelled(_: Passage) -> str:
        cancel(office.shop)
        return ""

    office = Office(tmp_path, settings=SHORT, extractor=ScriptedExtractor(cancelled, paid=paid))
    job = office.submit(LONG)
    office.work()
    assert len(office.calls) == 1
    assert office.shop.queue.job(job).counts == {TaskState.CANCELLED: 1}


@pytest.mark.parametrize("paid", [True, False])
def test_a_batch_gives_back_what_it_has_not_begun_when_something_more_urgent_comes(
    tmp_path: Path, *, paid: bool
) -> None:
    def urgent_comes(_: Passage) -> str:
        if len(office.calls) == 2:
            office.submit(note("urgent", "Ada met Grace."), priority=1)
            office.flow.take("prepare", {})
            assert office.broker.depth("urgent") == 1
        return ""

    office = Office(tmp_path, settings=SHORT, extractor=ScriptedExtractor(urgent_comes, paid=paid))
    office.submit(LONG)
    office.work()
    assert office.calls.index("Ada met Grace.") == 2
    assert len(office.calls) == len(set(office.calls)), "nothing is asked for twice"
    other = undisturbed(
        tmp_path / "other", [LONG, note("urgent", "Ada met Grace.")], settings=SHORT
    )
    assert office.graph() == other


def test_questions_that_wait_for_their_turn_give_way_too(
    asking: Office, server: ChatServer
) -> None:
    urgent = "Ada met Grace."

    def answer(request: Request) -> Answer:
        if server.calls == 1:
            asking.submit(note("urgent", urgent), priority=1)
            asking.flow.take("prepare", {})
        return good(request)

    server.chat = answer
    asking.submit(*NOTES[:4])
    asking.work()
    order = [urgent in request.prompt for request in server.requests]
    assert order[:3] == [False, True, True]
    assert len(order) == 10, "nothing is asked for twice"
    assert len(asking.shop.sources()) == 5
