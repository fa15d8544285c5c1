import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from inference import model_files
from inference.openai_compatible import Endpoint, OpenAIEmbedder
from kg.errors import ModelOutputInvalid, ModelUnavailable
from tests.doubles.chat_server import Answer, ChatServer, Request, embeddings
from tests.doubles.hash_embedder import HashEmbedder


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with ChatServer() as server:
        yield server


@pytest.fixture
def opened(server: ChatServer) -> Iterator[Callable[..., OpenAIEmbedder]]:
    made: list[OpenAIEmbedder] = []

    def make(**options: Any) -> OpenAIEmbedder:
        endpoint = Endpoint(
            base_url=server.url,
            model="text-vectors",
            attempts=2,
            wait_initial=0.001,
            settings="AMMON_EMBEDDING",
        )
        made.append(OpenAIEmbedder(endpoint, **options))
        return made[-1]

    yield make
    for embedder in made:
        embedder.close()


def rows(*vectors: object) -> Callable[[Request], Answer]:
    data = [{"index": index, "embedding": vector} for index, vector in enumerate(vectors)]
    return lambda request: Answer(body=json.dumps({"data": data}).encode())


def test_vectors_are_the_endpoint_s_at_length_one_in_the_texts_order(
    opened: Callable[..., OpenAIEmbedder],
) -> None:
    texts = ["maze", "rat", "dog"]
    np.testing.assert_allclose(
        opened().embed(texts, "passage"), HashEmbedder().embed(texts, "passage"), atol=1e-6
    )


def test_requests_keep_within_texts_and_tokens(
    server: ChatServer, opened: Callable[..., OpenAIEmbedder]
) -> None:
    embedder = opened(batch_texts=4, batch_tokens=10)
    texts = [f"trial {number:02}" for number in range(9)] + ["x" * 36, "y" * 60]
    vectors = embedder.embed([*texts, texts[0]], "passage")
    np.testing.assert_array_equal(vectors[0], vectors[-1])
    sent = [request.body["input"] for request in server.requests]
    assert ["dimension"] in sent
    assert sorted(text for batch in sent for text in batch) == sorted([*texts, "dimension"])
    assert all(len(batch) <= 4 for batch in sent)
    assert all(sum(-(-len(t) // 4) for t in batch) <= 10 or len(batch) == 1 for batch in sent)


def test_instructions_and_dimensions_are_sent_and_named(
    server: ChatServer, opened: Callable[..., OpenAIEmbedder]
) -> None:
    embedder = opened(dimensions=64, instructions={"query": "Instruct: find\nQuery: "})
    embedder.embed(["who?"], "query")
    embedder.embed(["he"], "passage")
    assert [request.body["input"] for request in server.requests[1:]] == [
        ["Instruct: find\nQuery: who?"],
        ["he"],
    ]
    assert {request.body["dimensions"] for request in server.requests} == {64}
    assert embedder.model_id.startswith("openai:text-vectors:64:")
    assert embedder.model_id != opened(dimensions=64).model_id


def test_long_texts_are_cut_and_empty_ones_are_sent_as_a_space(
    server: ChatServer, opened: Callable[..., OpenAIEmbedder]
) -> None:
    opened(max_tokens=3).embed(["", "abcdefghijklmnop", "条件反射"], "passage")
    assert server.requests[1].body["input"] == [" ", "abcdefghijkl", "条件反射"]


def test_tokens_are_counted_by_the_tokenizer_if_there_is_one(
    server: ChatServer, opened: Callable[..., OpenAIEmbedder]
) -> None:
    embedder = opened(tokenizer=model_files.MINILM_TOKENIZER, max_tokens=2)
    assert embedder.count_tokens("the unaffable rat") == 5
    embedder.embed(["the rat learnt"], "passage")
    assert server.requests[1].body["input"] == ["the rat"]


@pytest.mark.parametrize(
    "rule",
    [
        rows([1.0, 2.0]),
        rows([1.0, 2.0], [1.0]),
        rows([1.0, 2.0], [0.0, 0.0]),
        rows([1.0, 2.0], [float("nan"), 1.0]),
        rows([1.0, 2.0], ["a", "b"]),
        rows([1.0, 2.0], None),
        rows(1.0, 2.0),
        lambda request: Answer(body=b"{}"),
        lambda request: Answer(body=b'{"data": [null, null]}'),
        lambda request: Answer(body=b"<html>"),
    ],
)
def test_an_answer_that_is_no_matrix_of_vectors_is_an_error(
    server: ChatServer, opened: Callable[..., OpenAIEmbedder], rule: Callable[[Request], Answer]
) -> None:
    server.embed = lambda request: (
        embeddings(request) if request.body["input"] == ["dimension"] else rule(request)
    )
    with pytest.raises(ModelOutputInvalid, match="text-vectors"):
        opened().embed(["maze", "rat"], "passage")


def test_a_refused_key_is_named_by_its_setting(
    server: ChatServer, opened: Callable[..., OpenAIEmbedder]
) -> None:
    server.embed = lambda request: Answer(status=401, content="no")
    with pytest.raises(ModelUnavailable, match="AMMON_EMBEDDING_API_KEY"):
        opened().embed(["maze"], "passage")
