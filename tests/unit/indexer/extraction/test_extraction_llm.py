"""What a chat model finds in passages, whatever form its answers have."""

import json

import pytest

from indexer.extraction import prompts
from indexer.extraction.llm import LLMExtractor
from kg.records import Extraction, NamedEntity, Triple
from tests.doubles.chat_server import Answer, ChatServer, Request
from tests.doubles.llm_answers import (
    ENTITIES,
    PAVLOV,
    TOLMAN,
    TRIPLES,
    WANTED,
    asks_for_triples,
    extract_one,
    found,
    good,
)


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
