"""Bad answers, endpoints that go away, and who pays."""

import json
import threading
from collections.abc import Callable

import pytest

from indexer.extraction.llm import LLMExtractor
from indexer.extraction.notes import MemoryNotebook
from indexer.extraction.suspects import SUSPECT
from kg.errors import ModelUnavailable
from kg.records import Passage
from tests.doubles.chat_server import Answer, ChatServer, Request
from tests.doubles.llm_answers import (
    ENTITIES,
    MILNER,
    PAVLOV,
    TOLMAN,
    WANTED,
    asks_for_triples,
    at_first,
    extract_one,
    found,
    good,
)

RUBBISH = {
    "empty": Answer(content=""),
    "blank": Answer(content=" \n "),
    "null": Answer(content=None),
    "cut off by length": Answer(content=ENTITIES[:30], finish_reason="length"),
    "cut off without a word": Answer(content=ENTITIES[:30]),
    "cut off after an item": Answer(content='{"entities": [{"name": "Milner", "type": "person"}'),
    "cut off in a string with braces": Answer(content='{"entities": ["a", "b}]} and'),
    "whole, but cut off by length": Answer(content=ENTITIES, finish_reason="length"),
    "filtered": Answer(content="", finish_reason="content_filter"),
    "refused": Answer(content=None, refusal="I cannot."),
    "prose": Answer(content="There are no entities worth naming."),
    "braces in prose": Answer(content="I {really} cannot."),
    "wrong keys": Answer(content='{"names": ["Milner"]}'),
    "a list": Answer(content='["Milner"]'),
    "a number": Answer(content="7"),
    "null in JSON": Answer(content='{"entities": null, "triples": null}'),
    "a string for a list": Answer(content='{"entities": "Milner", "triples": "Milner"}'),
    "wrong items": Answer(content='{"entities": [["a"]], "triples": [["a", "b"]]}'),
    "items that are null": Answer(content='{"entities": [null], "triples": [null]}'),
    "code": Answer(content="__import__('os').system('true')"),
    "too many": Answer(content=json.dumps({"entities": ["a"] * 501, "triples": [["a"] * 3] * 501})),
    "huge": Answer(content='{"entities": ["' + "x" * 1_000_000 + '"]}'),
    "deep list": Answer(content="[" * 50_000),
    "deep object": Answer(content='{"entities": ' * 50_000),
    "deep and whole": Answer(content='{"entities": ' + "[" * 5000 + "]" * 5000 + "}"),
    "invalid UTF-8": Answer(body=b'{"choices": [{"message": {"content": "\xff"}}]}'),
    "no choices": Answer(body=b'{"choices": []}'),
}


@pytest.mark.parametrize("bad", RUBBISH.values(), ids=RUBBISH.keys())
def test_a_bad_answer_is_told_to_the_model_and_asked_for_again(
    server: ChatServer, extractor: LLMExtractor, bad: Answer
) -> None:
    server.chat = at_first(bad)
    extraction = extract_one(extractor)
    assert extraction.failure == ""
    assert found(extraction) == WANTED
    assert server.calls == 4
    roles = [message["role"] for message in server.requests[1].body["messages"]]
    assert roles[-3:] == ["user", "assistant", "user"]
    assert all(message["content"] for message in server.requests[1].body["messages"])


@pytest.mark.parametrize("bad", RUBBISH.values(), ids=RUBBISH.keys())
def test_a_passage_whose_answers_stay_bad_is_set_aside_and_the_others_go_on(
    server: ChatServer, extractor: LLMExtractor, bad: Answer
) -> None:
    server.chat = lambda request: bad if MILNER.text in request.prompt else good(request)
    extractions = {e.passage_id: e for e in extractor.extract([MILNER, TOLMAN])}
    assert extractions["psg-3"].failure == ""
    assert found(extractions["psg-3"]) == WANTED
    failed = extractions["psg-1"]
    assert failed.failure.startswith(
        "No usable answer for the passage's entities in 3 attempts. The "
    )
    assert found(failed) == ((), ())
    assert failed.extractor == extractor.fingerprint
    assert server.calls == 5


def test_bad_triples_fail_the_passage_as_a_whole(
    server: ChatServer, extractor: LLMExtractor
) -> None:
    server.chat = lambda request: (
        Answer(content="no") if asks_for_triples(request) else good(request)
    )
    extraction = extract_one(extractor)
    assert "passage's triples" in extraction.failure
    assert found(extraction) == ((), ())
    assert json.loads(extraction.raw) == {"entities": ENTITIES, "triples": "no"}


def test_all_attempts_are_paid_for(server: ChatServer, extractor: LLMExtractor) -> None:
    server.chat = at_first(Answer(content="{", finish_reason="length", usage=(100, 50)))
    extraction = extract_one(extractor)
    assert (extraction.input_tokens, extraction.output_tokens) == (222, 114)


def test_the_model_sees_its_answer_and_what_is_wrong_with_it(
    server: ChatServer, extractor: LLMExtractor
) -> None:
    server.chat = at_first(Answer(content='{"entities": [{"type": "person"}]}'))
    extract_one(extractor)
    *_, answer, correction = server.requests[1].body["messages"]
    assert answer == {"role": "assistant", "content": '{"entities": [{"type": "person"}]}'}
    assert "entities.0.name: Field required" in correction["content"]


def test_an_endpoint_that_is_down_is_an_error_after_what_is_done(
    server: ChatServer, opened: Callable[..., LLMExtractor]
) -> None:
    server.chat = lambda request: (
        Answer(status=503, content="down") if TOLMAN.text in request.prompt else good(request)
    )
    extractions = opened(concurrency=1).extract([MILNER, TOLMAN, PAVLOV])
    assert next(extractions).passage_id == "psg-1"
    with pytest.raises(ModelUnavailable, match="down"):
        list(extractions)


@pytest.fixture
def suspicious() -> MemoryNotebook:
    """Notes by which the model failed at a passage so often that it is a suspect."""
    notebook = MemoryNotebook()
    for _ in range(SUSPECT):
        notebook.failed_at(TOLMAN.id)
    return notebook


def test_before_a_batch_with_a_suspect_something_short_is_asked_and_in_an_outage_nothing_else(
    server: ChatServer, extractor: LLMExtractor, suspicious: MemoryNotebook
) -> None:
    server.chat = lambda _: Answer(status=502, content="no upstream")
    with pytest.raises(ModelUnavailable, match="no upstream"):
        list(extractor.resume([MILNER, TOLMAN, PAVLOV], suspicious))
    assert {request.prompt for request in server.requests} == {"Reply with the word: yes"}
    tries = {key: notes.tries for key, notes in suspicious.read([MILNER.id, PAVLOV.id]).items()}
    assert tries == {}, "an outage makes no suspects of the others"


def test_a_model_that_answers_something_short_is_asked_about_all(
    server: ChatServer, extractor: LLMExtractor, suspicious: MemoryNotebook
) -> None:
    found = list(extractor.resume([MILNER, TOLMAN, PAVLOV], suspicious))
    assert {one.passage_id for one in found} == {MILNER.id, TOLMAN.id, PAVLOV.id}
    assert server.requests[0].prompt == "Reply with the word: yes"


def test_an_answer_is_not_paid_twice_if_the_endpoint_goes_away_after_it(
    server: ChatServer, extractor: LLMExtractor
) -> None:
    server.chat = lambda request: (
        Answer(status=503, content="down") if asks_for_triples(request) else good(request)
    )
    with pytest.raises(ModelUnavailable):
        extract_one(extractor)
    server.chat = good
    server.requests.clear()
    extraction = extract_one(extractor)
    assert found(extraction) == WANTED
    assert [asks_for_triples(request) for request in server.requests] == [True]
    assert (extraction.input_tokens, extraction.output_tokens) == (22, 14)


def test_passages_come_as_soon_as_they_are_done_and_several_at_once(
    server: ChatServer, opened: Callable[..., LLMExtractor]
) -> None:
    others_came = threading.Event()

    def milner_last(request: Request) -> Answer:
        if MILNER.text in request.prompt:
            others_came.wait(60)  # less than the client does
        return good(request)

    server.chat = milner_last
    order = []
    for extraction in opened(concurrency=2).extract([MILNER, TOLMAN, PAVLOV]):
        order.append(extraction.passage_id)
        if len(order) == 2:
            others_came.set()
    assert order[-1] == "psg-1"
    assert sorted(order) == ["psg-1", "psg-2", "psg-3"]
    assert server.most_at_once == 2


def test_who_stops_listening_stops_the_work(
    server: ChatServer, opened: Callable[..., LLMExtractor]
) -> None:
    passages = [
        Passage(id=f"psg-{number}", title="", heading="", text=str(number)) for number in range(50)
    ]
    extractions = opened(concurrency=1).extract(passages)
    next(extractions)
    extractions.close()  # type: ignore[attr-defined]  # it is a generator
    assert server.calls < 10


def test_no_passages_need_no_model(server: ChatServer, extractor: LLMExtractor) -> None:
    assert list(extractor.extract([])) == []
    assert server.calls == 0
