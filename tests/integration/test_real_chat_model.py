"""Our client and extractor against a real chat model that is served over HTTP."""

import json
from collections.abc import Iterator

import pytest

from indexer.extraction.llm import LLMExtractor
from inference.chat import AnswerUnusable, Message
from inference.openai_compatible import Endpoint, OpenAIChatModel
from kg.errors import ModelUnavailable
from kg.records import Passage
from tests.doubles.llama_server import KEY, MODEL, llama_server

PASSAGES = [
    Passage(
        id=f"psg-{number}",
        title=title,
        heading="",
        text=text,
    )
    for number, (title, text) in enumerate(
        [
            ("Brenda Milner", "Brenda Milner studied memory at McGill University in Montreal."),
            ("Ivan Pavlov", "Ivan Pavlov won the Nobel Prize in 1904. He worked in Russia."),
            ("Edward Tolman", "Edward Tolman taught psychology at Berkeley in California."),
        ]
    )
]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with llama_server() as url:
        yield url


@pytest.fixture
def model(url: str) -> Iterator[OpenAIChatModel]:
    model = OpenAIChatModel(Endpoint(base_url=url, model=MODEL, api_key=KEY, concurrency=1))
    yield model
    model.close()


def test_an_answer_fits_its_schema_and_is_counted(model: OpenAIChatModel) -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    }
    ask = [Message(role="user", content="Montreal is a city in Canada. Which city is named?")]
    reply = model.complete(ask, json_schema=schema, max_tokens=60)
    assert set(json.loads(reply.text)) == {"city"}
    assert reply.model == MODEL
    assert reply.input_tokens > 10
    assert reply.output_tokens > 2


def test_an_answer_that_is_cut_off_is_an_error(model: OpenAIChatModel) -> None:
    ask = [Message(role="user", content="Tell a long story about a rat in a maze.")]
    with pytest.raises(AnswerUnusable, match="cut off at 5 tokens") as raised:
        model.complete(ask, max_tokens=5)
    assert raised.value.output_tokens == 5


def test_a_wrong_key_is_refused(url: str) -> None:
    model = OpenAIChatModel(Endpoint(base_url=url, model=MODEL, api_key="another"))
    with pytest.raises(ModelUnavailable, match="AMMON_LLM_API_KEY"):
        model.complete([Message(role="user", content="Hello")])
    model.close()


def test_every_passage_comes_back_with_what_was_found_or_why_nothing_was(
    model: OpenAIChatModel,
) -> None:
    extractor = LLMExtractor(model, concurrency=1, attempts=2, max_tokens=160)
    extractions = sorted(extractor.extract(PASSAGES), key=lambda found: found.passage_id)
    assert [found.passage_id for found in extractions] == ["psg-0", "psg-1", "psg-2"]
    for found in extractions:
        assert (found.model, found.extractor) == (MODEL, extractor.fingerprint)
        assert found.input_tokens > 100
        assert found.output_tokens > 5
        assert "entities" in json.loads(found.raw)
        assert all(entity.name for entity in found.entities)
        assert all(fact.subject and fact.relation and fact.object for fact in found.triples)
        if found.failure:
            assert (found.entities, found.triples) == ((), ())
    succeeded = [found for found in extractions if not found.failure]
    assert any(found.entities for found in succeeded)
