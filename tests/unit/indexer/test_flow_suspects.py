"""A passage at which the model keeps failing is told from a model that is away."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from indexer.extraction.llm import LLMExtractor
from indexer.extraction.suspects import TRIES
from indexer.flow import pauses
from inference.openai_compatible import Endpoint, OpenAIChatModel
from kg.jobs import Job, TaskState
from kg.records import SourceDocument
from tests.doubles.chat_server import Answer, ChatServer, Request, Rule
from tests.doubles.llm_answers import good
from tests.doubles.office import NOTES, SHORT, Office
from tests.doubles.workshop import COLLECTION, note

HTML = b"<html>Bad gateway</html>"


def breaks_at(text: str, trouble: Answer) -> Rule:
    return lambda request: trouble if text in request.prompt else good(request)


@pytest.fixture
def office(tmp_path: Path, server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """An office that asks a chat model, and whose pauses are short."""
    monkeypatch.setattr(pauses, "LONGEST_PAUSE", 0.05)
    model = OpenAIChatModel(
        Endpoint(
            base_url=server.url, model="scripted", attempts=2, wait_initial=0.001, wait_max=0.002
        )
    )
    yield Office(tmp_path, extractor=LLMExtractor(model), settings=SHORT)
    model.close()


def rounds(office: Office, job: str, number: int, until: Callable[[Job], bool]) -> Job:
    """Work, sweep and wait for the end of pauses, so many times at most."""
    for _ in range(number):
        office.work()
        found = office.shop.queue.job(job)
        if until(found):
            break
        time.sleep(0.06)
        office.sweep()
    return office.shop.queue.job(job)


def over(job: Job) -> bool:
    return not job.open


def long(notes: Sequence[SourceDocument]) -> SourceDocument:
    """One document, a passage for each of the notes."""
    return note("long", "\n\n".join(" ".join([one.text] * 6) for one in notes))


def failures(office: Office) -> list[str]:
    with office.shop.store.read(COLLECTION) as reader:
        return [one.failure for one in reader.extractions() if one.failure]


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (Answer(status=500, content="out of memory"), "out of memory"),
        (Answer(body=HTML), "Bad gateway"),
        (Answer(content="yes", drop=True), "cannot be reached"),
    ],
    ids=["5xx", "HTML", "dropped"],
)
def test_a_passage_at_which_the_model_breaks_down_is_in_quarantine_with_its_own_reason(
    office: Office, server: ChatServer, trouble: Answer, reason: str
) -> None:
    server.chat = breaks_at("Person0", trouble)
    job = office.submit(*NOTES[0:20:5])
    found = rounds(office, job, 3 * TRIES, over)
    assert found.counts == {TaskState.EXTRACTED: 4}
    (failure,) = failures(office)
    assert f"failed at this passage {TRIES} times" in failure
    assert reason in failure
    asked = sum("Person0" in request.prompt for request in server.requests)
    assert asked == 2 * TRIES, "each try has its retries"
    server.chat = good
    again = office.submit(NOTES[0])
    assert rounds(office, again, 1, over).counts == {TaskState.EXTRACTED: 1}
    assert failures(office) == [], "handed in again, it is tried again"


def test_workers_count_together(office: Office, server: ChatServer) -> None:
    server.chat = breaks_at("Person0", Answer(status=500))
    job = office.submit(NOTES[0])
    for _ in range(TRIES):
        assert office.shop.queue.job(job).open
        office.flow = office.process()
        office.broker.send("prepare", {})
        rounds(office, job, 1, over)
    assert not office.shop.queue.job(job).open


def test_a_model_that_is_away_for_all_puts_nothing_in_quarantine(
    office: Office, server: ChatServer
) -> None:
    job = office.submit(*NOTES[:2])
    server.chat = lambda _: Answer(status=502, content="no upstream")
    found = rounds(office, job, 4 * TRIES, over)
    assert found.counts == {TaskState.QUEUED: 2}
    assert all("no upstream" in task.error for task in office.shop.queue.tasks(job))
    server.chat = good
    assert rounds(office, job, 4, over).counts == {TaskState.EXTRACTED: 2}
    assert failures(office) == []


@pytest.mark.parametrize(
    "trouble",
    [Answer(status=429), Answer(status=503), Answer(status=500, headers={"Retry-After": "0"})],
    ids=["429", "503", "asked to wait"],
)
def test_who_limits_the_rate_says_nothing_of_the_passage(
    office: Office, server: ChatServer, trouble: Answer
) -> None:
    server.chat = breaks_at("Person0", trouble)
    job = office.submit(NOTES[0])
    assert rounds(office, job, 2 * TRIES, over).counts == {TaskState.QUEUED: 1}


def test_an_answer_begins_the_count_anew(office: Office, server: ChatServer) -> None:
    broken = [True] * 2 * (TRIES - 1)

    def rule(request: Request) -> Answer:
        """Both questions are answered after some tries."""
        if "Person0" in request.prompt and broken:
            broken.pop()
            return Answer(status=500)
        if "Person0" in request.prompt and "Named entities" not in request.prompt:
            broken.extend([True] * 2 * (TRIES - 1))
        return good(request)

    server.chat = rule
    job = office.submit(NOTES[0])
    assert rounds(office, job, 4 * TRIES, over).counts == {TaskState.EXTRACTED: 1}
    assert failures(office) == []


def test_a_document_does_not_bear_its_neighbours_reason(office: Office, server: ChatServer) -> None:
    server.chat = lambda request: (
        Answer(status=500, content="the first is long")
        if "Person0" in request.prompt
        else Answer(status=500, content="the second is odd")
        if "Person5" in request.prompt
        else good(request)
    )
    job = office.submit(NOTES[10], NOTES[0], NOTES[5])  # the last two in one batch
    office.work()
    told = {task.source: task.error for task in office.shop.queue.tasks(job)}
    assert "the first is long" in told["0"]
    assert "the second is odd" in told["5"]


def test_a_document_that_is_whole_does_not_wait_for_its_neighbour(
    office: Office, server: ChatServer
) -> None:
    server.chat = breaks_at("Person0", Answer(status=500))
    office.submit(NOTES[10], NOTES[0], NOTES[5])
    office.work()
    assert office.shop.sources() == ["10", "5"]


def test_what_it_takes_to_find_out_is_in_the_jobs_sum(office: Office, server: ChatServer) -> None:
    server.chat = breaks_at("Person0", Answer(status=500))
    job = office.submit(NOTES[0])
    found = rounds(office, job, 3 * TRIES, over)
    answered = [request for request in server.requests if "Person0" not in request.prompt]
    assert 0 < len(answered) < TRIES
    assert found.progress.input_tokens == 11 * len(answered)


def test_a_long_documents_other_passages_are_found_all_the_same(
    office: Office, server: ChatServer
) -> None:
    book = note("long", "Person0 wrote a book. Milner read the other book twice.")
    server.chat = breaks_at("Person0", Answer(status=500))
    job = office.submit(book)
    assert rounds(office, job, 3 * TRIES, over).counts == {TaskState.EXTRACTED: 1}
    assert len(failures(office)) == 1
    assert office.shop.counts()["facts"] > 0


def test_one_process_alone_gives_up_as_soon(office: Office, server: ChatServer) -> None:
    server.chat = breaks_at("Person0", Answer(status=500))
    shop = office.shop
    job = shop.pipeline.submit(COLLECTION, NOTES[:1]).job
    assert job is not None
    for _ in range(TRIES):
        assert shop.queue.job(job.id).open
        shop.pipeline.process(shop.lease())
    assert shop.queue.job(job.id).counts == {TaskState.EXTRACTED: 1}
    assert len(failures(office)) == 1


def test_what_takes_the_server_down_brings_no_neighbour_into_quarantine(
    office: Office, server: ChatServer
) -> None:
    breakdowns: list[str] = []

    def rule(request: Request) -> Answer:
        """At Person1 the server breaks down, a moment later; an answer takes longer than that."""
        before = len(breakdowns)
        if NOTES[1].text in request.prompt:
            time.sleep(0.15)
            breakdowns.append(request.prompt)
            return Answer(content="yes", drop=True)
        if "Reply with" in request.prompt:
            return Answer(content="yes")
        until = time.monotonic() + 0.2
        while time.monotonic() < until:
            time.sleep(0.005)
            if len(breakdowns) > before:
                return Answer(content="yes", drop=True)
        return good(request)

    server.chat = rule
    job = office.submit(long(NOTES[:4]))
    assert rounds(office, job, 3 * TRIES, over).counts == {TaskState.EXTRACTED: 1}
    assert office.shop.queue.job(job).progress.passages == 4
    assert len(failures(office)) == 1
