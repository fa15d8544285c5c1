import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from structlog.testing import capture_logs

from inference.openai_compatible import Endpoint, OpenAIEmbedder, circuit_breaker
from kg.errors import ModelOutputInvalid, ModelUnavailable
from tests.doubles.chat_server import Answer, ChatServer, Request, embeddings
from tests.doubles.hash_embedder import HashEmbedder
from tests.doubles.waiting import until


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
    assert sorted(text for batch in sent for text in batch) == sorted(texts)
    assert all(len(batch) <= 4 for batch in sent)
    assert all(sum(-(-len(t) // 4) for t in batch) <= 10 or len(batch) == 1 for batch in sent)


def test_instructions_and_dimensions_are_sent_and_named(
    server: ChatServer, opened: Callable[..., OpenAIEmbedder]
) -> None:
    embedder = opened(dimensions=64, instructions={"query": "Instruct: find\nQuery: "})
    embedder.embed(["who?"], "query")
    embedder.embed(["he"], "passage")
    assert [request.body["input"] for request in server.requests] == [
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
    assert server.requests[0].body["input"] == [" ", "abcdefghijkl", "条件反射"]


def test_another_longest_text_is_another_model(opened: Callable[..., OpenAIEmbedder]) -> None:
    assert opened(max_tokens=512).model_id != opened().model_id


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
        lambda request: Answer(body=b'{"data": [null, null]}'),
        lambda request: Answer(body=b'{"data": {}}'),
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


def test_a_question_is_given_up_soon_and_names_the_endpoint(
    server: ChatServer, opened: Callable[..., OpenAIEmbedder]
) -> None:
    over = Event()
    server.embed = lambda request: Answer(content=over.wait(120))
    embedder = opened(question_patience=0.1)
    began = time.monotonic()
    with pytest.raises(ModelUnavailable, match=r"http://127.*did not answer within 0.1"):
        embedder.embed(["who?"], "query")
    assert time.monotonic() - began < 60.0, "texts are waited for twice as long"
    until(lambda: server.calls == 1)
    over.set()


def test_while_an_endpoint_hangs_one_question_tries_it_and_the_others_are_told_at_once(
    server: ChatServer, opened: Callable[..., OpenAIEmbedder], monkeypatch: pytest.MonkeyPatch
) -> None:
    over, clock = Event(), [0.0]
    monkeypatch.setattr(circuit_breaker, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    server.embed = lambda request: Answer(content=over.wait(120))
    embedder = opened(question_patience=0.1)
    for told in ("did not answer within", "a moment ago", "a moment ago"):
        with pytest.raises(ModelUnavailable, match=told):
            embedder.embed(["who?"], "query")
    until(lambda: server.calls == 1)
    over.set()
    clock[0] += circuit_breaker.RETRY_SECONDS
    server.embed = embeddings
    embedder._question_patience = 60.0
    np.testing.assert_allclose(
        embedder.embed(["who?"], "query"), HashEmbedder().embed(["who?"], "query"), atol=1e-6
    )
    assert len(embedder.embed(["where?", "when?"], "query_to_fact")) == 2, "and all may ask again"


def test_a_text_of_a_document_is_waited_for(
    server: ChatServer, opened: Callable[..., OpenAIEmbedder]
) -> None:
    server.embed = lambda request: replace(embeddings(request), delay=0.3)
    assert len(opened(question_patience=0.05).embed(["maze"], "passage")) == 1


def test_a_question_is_asked_again_while_there_is_time(
    server: ChatServer, opened: Callable[..., OpenAIEmbedder]
) -> None:
    answers = [Answer(drop=True, content="torn")]
    server.embed = lambda request: answers.pop() if answers else embeddings(request)
    assert len(opened(question_patience=60.0).embed(["who?"], "query")) == 1
    assert server.calls == 2


def test_a_question_does_not_wait_for_an_endpoint_that_wants_rest_for_longer(
    server: ChatServer, opened: Callable[..., OpenAIEmbedder]
) -> None:
    server.embed = lambda request: Answer(
        status=429, content="slow down", headers={"Retry-After": "30"}
    )
    embedder = opened(question_patience=20.0)
    began = time.monotonic()
    with pytest.raises(ModelUnavailable, match="limits the rate of requests"):
        embedder.embed(["who?"], "query")
    with pytest.raises(
        ModelUnavailable, match=r"wait for another (30|2\d) s.*AMMON_EMBEDDING_CONC"
    ):
        embedder.embed(["who?"], "query")
    assert time.monotonic() - began < 15.0
    assert server.calls == 1


def test_a_call_that_is_repeated_is_told_of_with_its_endpoint(
    server: ChatServer, opened: Callable[..., OpenAIEmbedder]
) -> None:
    server.embed = lambda request: Answer(status=503, content="overloaded")
    with capture_logs() as told, pytest.raises(ModelUnavailable):
        opened().embed(["maze"], "passage")
    (line,) = told
    assert line["log_level"] == "warning"
    assert (line["model"], line["endpoint"]) == ("text-vectors", server.url)
    assert "overloaded" in line["reason"]
    assert line["seconds"] >= 0


def test_questions_are_answered_while_documents_have_all_places(
    server: ChatServer, opened: Callable[..., OpenAIEmbedder]
) -> None:
    server.embed = lambda request: replace(embeddings(request), delay=0.02)
    embedder = opened(question_patience=60.0, batch_texts=1)
    with ThreadPoolExecutor(2) as pool:
        texts = [[f"{part} {number}" for number in range(40)] for part in range(2)]
        bulk = [pool.submit(embedder.embed, part, "passage") for part in texts]
        while server.calls < 4:
            time.sleep(0.005)
        asked = [embedder.embed([f"question {number}"], "query") for number in range(5)]
        assert [len(one.result(60)) for one in bulk] == [40, 40]
    np.testing.assert_allclose(asked[3], HashEmbedder().embed(["question 3"], "query"), atol=1e-6)
    assert server.most_at_once <= 4
