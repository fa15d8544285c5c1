"""What a chat model is paid is counted, and a job spends no more than it may. Over real HTTP."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from indexer.extraction.llm import LLMExtractor
from indexer.ingestion.processed import Processed
from indexer.spending import affordable, estimate, has_plenty, overspent
from inference.openai_compatible import Endpoint, OpenAIChatModel
from kg.jobs import Budget, Job, Prices, Progress, TaskState
from kg.records import Passage, SourceDocument
from tests.doubles.chat_server import Answer, ChatServer, Request
from tests.doubles.workshop import COLLECTION, SETTINGS, Workshop, note

PRICES = Prices(input=2.0, output=10.0)
REAL_COST = (22 * 2.0 + 14 * 10.0) / 1e6
"""What the server says that a passage's two answers took."""
NOTES = [note(str(number), f"Person{number} met Person{number + 1}.") for number in range(12)]


def answers(request: Request) -> Answer:
    """To the second question, one triple; each answer takes 11 tokens in and 7 out."""
    if "Named entities:" in request.prompt.rsplit("\n", 1)[-1]:
        said: object = {"triples": [{"subject": "Ann", "relation": "met", "object": "Bob"}]}
    else:
        said = {"entities": [{"name": "Ann", "type": "person"}]}
    return Answer(content=json.dumps(said))


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with ChatServer(answers) as server:
        yield server


@pytest.fixture
def shop(server: ChatServer, tmp_path: Path) -> Iterator[Workshop]:
    endpoint = Endpoint(base_url=server.url, model="m", wait_initial=0.001, attempts=1)
    chat = OpenAIChatModel(endpoint)
    yield Workshop(
        folder=tmp_path,
        extractor=LLMExtractor(chat, concurrency=2),
        settings=replace(SETTINGS, extractor="llm:m"),
        prices=PRICES,
    )
    chat.close()


def submit(shop: Workshop, *documents: SourceDocument, budget: Budget | None = None) -> str:
    job = shop.pipeline.submit(COLLECTION, documents, budget=budget or Budget()).job
    assert job is not None
    return job.id


def work(shop: Workshop, job: str) -> Job:
    """Take what waits, two documents at a time, until nothing does."""
    while shop.queue.waiting():
        shop.pipeline.process(shop.lease(2))
    return shop.queue.job(job)


def test_progress_tells_passages_tokens_and_money(shop: Workshop) -> None:
    job = work(shop, submit(shop, *NOTES[:3]))
    assert job.progress == Progress(
        passages=3,
        passages_done=3,
        input_tokens=3 * 22,
        output_tokens=3 * 14,
        cost=pytest.approx(3 * REAL_COST),
    )


def test_a_passage_in_several_documents_is_paid_once(shop: Workshop) -> None:
    copies = [replace(NOTES[0], source=name) for name in "abc"]
    job = work(shop, submit(shop, *copies))
    assert (job.progress.passages, job.progress.passages_done) == (3, 3)
    assert job.progress.input_tokens == 22


def test_what_was_extracted_before_costs_nothing(shop: Workshop, server: ChatServer) -> None:
    work(shop, submit(shop, NOTES[0]))
    calls = server.calls
    job = work(shop, submit(shop, replace(NOTES[0], source="copy")))
    assert (job.progress.passages_done, job.progress.input_tokens) == (1, 0)
    assert server.calls == calls


def test_beyond_the_budget_nothing_is_sent_and_documents_fail_with_the_reason(
    shop: Workshop, server: ChatServer
) -> None:
    one = estimate(shop.extractor, [passage_of(NOTES[0])], PRICES).tokens
    budget = Budget(tokens=one + 3 * 36)  # each takes 36 in truth, and as many as `one` at most
    job = work(shop, submit(shop, *NOTES, budget=budget))
    assert job.counts == {TaskState.EXTRACTED: 4, TaskState.FAILED: 8}
    assert server.calls == 8
    assert job.progress.input_tokens + job.progress.output_tokens <= (budget.tokens or 0)
    (failed, *_) = shop.queue.tasks(job.id, state=TaskState.FAILED)
    assert f"budget of {budget.tokens:,} tokens" in failed.error
    assert "144 tokens" in failed.error
    assert f"ammon jobs retry {job.id} --budget" in failed.error


def test_with_a_larger_budget_it_goes_on_from_there(shop: Workshop, server: ChatServer) -> None:
    job = work(shop, submit(shop, *NOTES, budget=Budget(tokens=0)))
    assert (job.counts, server.calls) == ({TaskState.FAILED: 12}, 0)
    shop.queue.retry_failed(job.id, budget=Budget(cost=1.0))
    job = work(shop, job.id)
    assert (job.counts, server.calls) == ({TaskState.EXTRACTED: 12}, 24)


def test_a_budget_may_be_money(shop: Workshop) -> None:
    one = estimate(shop.extractor, [passage_of(NOTES[0])], PRICES).cost
    budget = one + 3.5 * REAL_COST
    job = work(shop, submit(shop, *NOTES, budget=Budget(cost=budget)))
    assert job.counts == {TaskState.EXTRACTED: 4, TaskState.FAILED: 8}
    assert job.progress.cost == pytest.approx(4 * REAL_COST)


def test_a_budget_is_a_limit_where_the_endpoint_does_not_report_tokens(
    shop: Workshop, server: ChatServer
) -> None:
    server.chat = lambda request: replace(answers(request), usage=None)
    free = work(shop, submit(shop, note("free", "Person30 met Person31.")))
    each = free.progress.input_tokens + free.progress.output_tokens
    assert each > 100, "prompts and answers, as far as anybody can tell"
    about = estimate(shop.extractor, [passage_of(NOTES[0])], PRICES).tokens
    budget = Budget(tokens=about + 3 * each)
    job = work(shop, submit(shop, *NOTES, budget=budget))
    assert job.counts[TaskState.FAILED] >= 6
    assert 0 < job.progress.input_tokens + job.progress.output_tokens <= (budget.tokens or 0)


def test_whether_there_is_plenty_is_judged_as_if_all_were_sent(shop: Workshop) -> None:
    passages = [passage_of(one) for one in NOTES[:3]]
    one_batch = estimate(shop.extractor, passages, PRICES).tokens
    id_ = submit(shop, *NOTES)
    for most in (2 * 8 * one_batch - 1, 2 * 8 * one_batch):
        job = replace(shop.queue.account(id_), budget=Budget(tokens=most))
        sent = affordable(job, shop.extractor, passages * 8, PRICES)
        plenty = has_plenty(job, shop.extractor, passages, PRICES, times=8)
        assert plenty == (sent == 24) == (most == 2 * 8 * one_batch)


def test_that_takes_one_estimate_of_each_passage(shop: Workshop) -> None:
    class Counting:
        asked = 0

        def tokens(self, _: Passage) -> tuple[int, int]:
            self.asked += 1
            return 1, 1

    id_, counting = submit(shop, *NOTES), Counting()
    job = replace(shop.queue.account(id_), budget=Budget(tokens=10**6))
    assert has_plenty(job, counting, [passage_of(one) for one in NOTES[:4]], PRICES, times=256)
    assert counting.asked == 4


def test_small_money_is_told_without_an_exponent(shop: Workshop) -> None:
    job = submit(shop, *NOTES[:1], budget=Budget(cost=0.00001))
    told = overspent(shop.queue.job(job), PRICES)
    assert "The job's budget of 0.00001 in money" in told
    assert "0 tokens (0) are spent" in told


def test_one_token_is_told_as_one(shop: Workshop) -> None:
    job = submit(shop, *NOTES[:1], budget=Budget(tokens=1))
    found = replace(shop.queue.job(job), progress=Progress(input_tokens=1))
    told = overspent(found, PRICES)
    assert "The job's budget of 1 token is too small" in told
    assert "1 token is spent" in told


def test_without_prices_nothing_is_sent_that_a_budget_of_money_is_to_pay(
    shop: Workshop, server: ChatServer
) -> None:
    forgetful = replace(shop, prices=Prices(input=2.0))
    id_ = submit(forgetful, *NOTES[:2], budget=Budget(cost=1.0))
    job = work(forgetful, id_)
    assert (job.counts, server.calls) == ({TaskState.FAILED: 2}, 0)
    (failed, *_) = shop.queue.tasks(id_)
    assert "AMMON_LLM_PRICE_OUTPUT" in failed.error
    assert f"ammon jobs retry {id_}" in failed.error
    shop.queue.retry_failed(id_)
    assert work(shop, id_).counts == {TaskState.EXTRACTED: 2}


def test_a_job_is_reckoned_with_the_prices_that_it_was_taken_in_with(
    shop: Workshop, server: ChatServer
) -> None:
    """Workers that know none, or others, work on it all the same."""
    id_ = submit(shop, *NOTES[:2], budget=Budget(cost=1.0))
    for other in (Prices(), Prices(input=200.0, output=1000.0)):
        job = work(replace(shop, prices=other), id_)
    assert job.counts == {TaskState.EXTRACTED: 2}
    assert job.progress.cost == pytest.approx(2 * REAL_COST)


def test_a_long_document_stops_in_the_middle_and_keeps_what_was_paid_for(
    shop: Workshop, server: ChatServer
) -> None:
    shop.store.update_settings(
        COLLECTION, replace(shop.store.collection(COLLECTION).settings, max_tokens=4)
    )
    book = note("book", " ".join(one.text for one in NOTES))
    one = estimate(shop.extractor, [passage_of(NOTES[0])], PRICES).tokens
    job = work(shop, submit(shop, book, budget=Budget(tokens=one + 5 * 36)))
    assert job.counts == {TaskState.FAILED: 1}
    assert 0 < job.progress.passages_done < job.progress.passages
    calls = server.calls
    shop.queue.retry_failed(job.id, budget=Budget())
    job = work(shop, job.id)
    assert job.counts == {TaskState.EXTRACTED: 1}
    assert server.calls == 2 * job.progress.passages > calls, "no passage was asked for twice"


def test_another_jobs_budget_is_its_own(shop: Workshop) -> None:
    poor = submit(shop, *NOTES[:2], budget=Budget(tokens=10))
    rich = submit(shop, *NOTES[2:4])
    work(shop, rich)
    assert shop.queue.job(poor).counts == {TaskState.FAILED: 2}
    assert shop.queue.job(rich).counts == {TaskState.EXTRACTED: 2}


def test_answers_that_cannot_be_used_are_paid_and_seen(shop: Workshop, server: ChatServer) -> None:
    server.chat = lambda _: Answer(content="")
    job_id = submit(shop, NOTES[0])
    assert shop.pipeline.process(shop.lease()) == Processed(done=1, quarantined=1)
    assert shop.queue.job(job_id).progress.input_tokens == 33, "three attempts"


def test_an_estimate_is_about_what_comes(shop: Workshop) -> None:
    about = estimate(shop.extractor, [passage_of(NOTES[0])], PRICES)
    assert about.input_tokens > 100, "two questions, each with its examples"
    assert about.output_tokens > 10
    assert about.cost == pytest.approx(
        (about.input_tokens * 2.0 + about.output_tokens * 10.0) / 1e6
    )
    assert estimate(object(), [passage_of(NOTES[0])], PRICES).tokens == 0


def passage_of(document: SourceDocument) -> Passage:
    return Passage(id="psg-x", title=document.title, heading="", text=document.text)
