"""Answers that a dead worker left behind are in the store before anybody begins their passages."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from indexer.extraction.answer_spool import AnswerSpool
from indexer.extraction.llm import LLMExtractor
from indexer.extraction.notes import Payer
from indexer.extraction.store_notebook import StoreNotebook
from indexer.flow import recovery
from inference.openai_compatible import Endpoint, OpenAIChatModel
from kg import ids
from kg.jobs import Prices, TaskState
from tests.doubles.chat_server import Answer, ChatServer, Request
from tests.doubles.llm_answers import good
from tests.doubles.office import NOTES, Office
from tests.doubles.workshop import COLLECTION

PRICES = Prices(input=2.0, output=10.0)
PASSAGE = ids.passage_id(COLLECTION, NOTES[0].title, "", NOTES[0].text)


@pytest.fixture
def office(tmp_path: Path, server: ChatServer) -> Iterator[Office]:
    model = OpenAIChatModel(Endpoint(base_url=server.url, model="scripted", attempts=1))
    extractor = LLMExtractor(model, spool=tmp_path / "answers")
    yield Office(tmp_path, extractor=extractor, prices=PRICES)
    model.close()


def leave(office: Office, folder: Path, job: str) -> AnswerSpool:
    """An answer to the first question about the first note, as somebody leaves it who is killed."""
    queue, extractor = office.shop.queue, office.shop.extractor
    (task,) = queue.tasks(job)
    notebook = StoreNotebook(
        store=office.shop.store,
        collection=COLLECTION,
        extractor=extractor.fingerprint,
        payers={PASSAGE: Payer(task=task.id, prices=PRICES)},
    )
    body = {"messages": [{"role": "user", "content": NOTES[0].text}], "model": "scripted"}
    request = Request(path="/v1/chat/completions", headers={}, body=body)
    spool = AnswerSpool(folder / "answers")
    said = good(request)
    spool.reserve(notebook.label(PASSAGE), "entities").arrived(said.encoded(request))
    name = f"extract {extractor.fingerprint} {PASSAGE}"
    queue.take([name], worker="killed", seconds=600.0)
    return spool


def test_what_the_dead_left_is_brought_in_before_their_leases_end(
    office: Office, server: ChatServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = office.submit(NOTES[0])
    spool = leave(office, tmp_path, job)
    office.sweep()
    assert len([*spool.entries()]) == 1, "its worker lives"
    monkeypatch.setattr(recovery, "is_dead", lambda worker: not worker.startswith("elsewhere"))
    office.sweep()
    assert [*spool.entries()] == []
    assert office.shop.queue.job(job).progress.input_tokens == 11
    office.work()
    found = office.shop.queue.job(job)
    assert found.counts == {TaskState.EXTRACTED: 1}
    assert server.calls == 1, "only the second question is asked"
    assert (found.progress.input_tokens, found.progress.output_tokens) == (22, 14)
    assert found.progress.cost == pytest.approx(PRICES.cost(22, 14))


def test_each_answer_is_in_the_sum_at_once(office: Office, server: ChatServer) -> None:
    """Not only when its passage is done: a worker may be killed in between."""
    server.chat = lambda request: (
        Answer(status=500) if "Named entities:" in request.prompt else good(request)
    )
    job = office.submit(NOTES[0])
    office.work()
    found = office.shop.queue.job(job)
    assert found.progress.passages_done == 0
    assert (found.progress.input_tokens, found.progress.output_tokens) == (11, 7)


def test_a_worker_that_knows_no_prices_reckons_with_the_jobs(office: Office) -> None:
    job = office.submit(NOTES[0])
    shop = replace(office.shop, prices=Prices())
    office.shop = shop
    office.flow = office.process()
    office.work()
    assert office.shop.queue.job(job).progress.cost == pytest.approx(PRICES.cost(22, 14))
