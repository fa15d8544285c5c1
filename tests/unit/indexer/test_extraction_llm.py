import json
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from indexer.extraction import prompts
from indexer.extraction.llm import LLMExtractor
from inference.openai_compatible import Endpoint, OpenAIChatModel
from kg.errors import ModelUnavailable
from kg.records import Extraction, NamedEntity, Passage, Triple
from tests.doubles.chat_server import Answer, ChatServer, Request, Rule

MILNER = Passage(id="psg-1", title="Milner", heading="", text="Brenda Milner worked in Montreal.")
PAVLOV = Passage(id="psg-2", title="", heading="", text="巴甫洛夫在圣彼得堡工作。")
TOLMAN = Passage(id="psg-3", title="Tolman", heading="Life", text="Tolman taught at Berkeley.")

ENTITIES = '{"entities": [{"name": "Brenda Milner", "type": "person"}]}'
TRIPLES = (
    '{"triples": [{"subject": "Brenda Milner", "relation": "worked in", "object": "Montreal"}]}'
)
WANTED = (
    (NamedEntity(name="Brenda Milner", type="person"),),
    (Triple(subject="Brenda Milner", relation="worked in", object="Montreal"),),
)


def asks_for_triples(request: Request) -> bool:
    return "Named entities:" in request.prompt


def good(request: Request) -> Answer:
    return Answer(content=TRIPLES if asks_for_triples(request) else ENTITIES)


def is_corrected(request: Request) -> bool:
    return "cannot be used" in request.body["messages"][-1]["content"]


def at_first(bad: Answer) -> Rule:
    """A model that answers badly until it is corrected."""
    return lambda request: good(request) if is_corrected(request) else bad


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with ChatServer(good) as server:
        yield server


@pytest.fixture
def opened(server: ChatServer) -> Iterator[Callable[..., LLMExtractor]]:
    models: list[OpenAIChatModel] = []

    def make(**options: Any) -> LLMExtractor:
        endpoint = Endpoint(
            base_url=server.url, model="scripted", attempts=2, wait_initial=0.001, timeout=5.0
        )
        models.append(OpenAIChatModel(endpoint))
        return LLMExtractor(models[-1], **options)

    yield make
    for model in models:
        model.close()


@pytest.fixture
def extractor(opened: Callable[..., LLMExtractor]) -> LLMExtractor:
    return opened()


def extract_one(extractor: LLMExtractor, passage: Passage = MILNER) -> Extraction:
    (extraction,) = extractor.extract([passage])
    return extraction


def found(extraction: Extraction) -> tuple[Sequence[NamedEntity], Sequence[Triple]]:
    return extraction.entities, extraction.triples


def test_a_passage_comes_back_with_what_was_found_said_and_paid(extractor: LLMExtractor) -> None:
    assert extract_one(extractor) == Extraction(
        passage_id="psg-1",
        extractor=f"llm:scripted:{prompts.PROMPT_VERSION}",
        entities=WANTED[0],
        triples=WANTED[1],
        model="scripted",
        prompt_version=prompts.PROMPT_VERSION,
        input_tokens=22,
        output_tokens=14,
        raw=json.dumps({"entities": ENTITIES, "triples": TRIPLES}),
    )
    assert extractor.paid


def test_triples_are_asked_for_with_the_entities_that_were_found(
    server: ChatServer, extractor: LLMExtractor
) -> None:
    extract_one(extractor, TOLMAN)
    first, second = (request.body["messages"][-1]["content"] for request in server.requests)
    assert first == "<passage>\nTolman\nLife\nTolman taught at Berkeley.\n</passage>"
    assert second == first + '\nNamed entities: ["Brenda Milner"]'


def test_the_schemas_are_sent(server: ChatServer, extractor: LLMExtractor) -> None:
    extract_one(extractor)
    schemas = [r.body["response_format"]["json_schema"]["schema"] for r in server.requests]
    assert schemas == [prompts.ENTITIES_SCHEMA, prompts.TRIPLES_SCHEMA]


def test_a_passage_without_names_or_facts_is_no_failure(
    server: ChatServer, extractor: LLMExtractor
) -> None:
    server.chat = lambda request: Answer(
        content='{"triples": []}' if asks_for_triples(request) else '{"entities": []}'
    )
    extraction = extract_one(extractor)
    assert found(extraction) == ((), ())
    assert extraction.failure == ""


def test_names_in_every_script_come_through(server: ChatServer, extractor: LLMExtractor) -> None:
    names = ["巴甫洛夫", "بافلوف", "Павлов", "Céline 🧠"]
    server.chat = lambda request: Answer(
        content=json.dumps(
            {"triples": [[names[0], "同", names[1]]]}
            if asks_for_triples(request)
            else {"entities": [{"name": name, "type": "person"} for name in names]}
        )
    )
    extraction = extract_one(extractor, PAVLOV)
    assert [entity.name for entity in extraction.entities] == names
    assert extraction.triples == (Triple(subject="巴甫洛夫", relation="同", object="بافلوف"),)


@pytest.mark.parametrize(
    "wrapped",
    [
        "Sure! Here it is:\n```json\n{}\n```\nDo you need more?",
        "{} I hope that this helps {{you}}.",
        "\ufeff\n {}",
        '<think>A name, "then"...</think>\n{}',
    ],
)
def test_json_is_found_in_the_prose_around_it(
    server: ChatServer, extractor: LLMExtractor, wrapped: str
) -> None:
    server.chat = lambda request: Answer(
        content=wrapped.replace("{}", TRIPLES if asks_for_triples(request) else ENTITIES)
    )
    assert found(extract_one(extractor)) == WANTED
    assert server.calls == 2


@pytest.mark.parametrize(
    ("entities", "triples"),
    [
        (
            '{"entities": [{"name": "Brenda Milner", "type": "person",},],}',
            '{"triples": [["Brenda Milner", "worked in", "Montreal"],]}',
        ),
        (
            "{'entities': [{'name': 'Brenda Milner', 'type': 'person'}]}",
            "{'triples': [['Brenda Milner', 'worked in', 'Montreal']]}",
        ),
    ],
    ids=["commas", "quotes"],
)
def test_small_faults_of_json_are_mended(
    server: ChatServer, extractor: LLMExtractor, entities: str, triples: str
) -> None:
    server.chat = lambda request: Answer(content=triples if asks_for_triples(request) else entities)
    assert found(extract_one(extractor)) == WANTED
    assert server.calls == 2


def test_empty_names_paragraphs_and_repetitions_are_left_out(
    server: ChatServer, extractor: LLMExtractor
) -> None:
    entities: list[object] = [
        "Milner",
        "",
        "  ",
        "x" * 301,
        "Milner",
        {"name": 1918, "type": "date"},
    ]
    triples = [["Milner", "", "Montreal"], ["Milner", "in", "a\n\x00b"], ["Milner", "in", "a b"]]
    server.chat = lambda request: Answer(
        content=json.dumps(
            {"triples": triples} if asks_for_triples(request) else {"entities": entities}
        )
    )
    extraction = extract_one(extractor)
    assert [entity.name for entity in extraction.entities] == ["Milner", "1918"]
    assert extraction.triples == (Triple(subject="Milner", relation="in", object="a b"),)


def test_half_surrogates_do_not_get_into_the_graph(
    server: ChatServer, extractor: LLMExtractor
) -> None:
    server.chat = lambda request: Answer(
        content='{"triples": []}'
        if asks_for_triples(request)
        else '{"entities": ["a \\ud800"]} \ud800'
    )
    extraction = extract_one(extractor)
    assert extraction.entities == (NamedEntity(name="a ?"),)
    assert extraction.raw.encode("utf-8")


def test_half_surrogates_in_a_refusal_do_not_get_into_the_reason(
    server: ChatServer, extractor: LLMExtractor
) -> None:
    server.chat = lambda _: Answer(content=None, refusal="I cannot \ud83d.")
    assert "I cannot ?." in extract_one(extractor).failure


def test_half_surrogates_in_the_name_that_a_model_gives_itself_are_replaced(
    server: ChatServer, extractor: LLMExtractor
) -> None:
    def named(request: Request) -> Answer:
        reply = json.loads(good(request).encoded(request)) | {"model": "m\ud83d"}
        return Answer(body=json.dumps(reply).encode())

    server.chat = named
    assert extract_one(extractor).model == "m?"


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
    "HTML": Answer(body=b"<html>welcome</html>"),
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
            others_came.wait(20)
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
