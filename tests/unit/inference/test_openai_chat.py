import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from threading import Event
from typing import Any

import pytest
import structlog

from inference.chat import AnswerUnusable, Message, RequestFailed
from inference.openai_compatible import Endpoint, OpenAIChatModel, OpenAIEmbedder
from kg.errors import DependencyMissing, ModelOutputInvalid, ModelUnavailable
from tests.doubles.chat_server import Answer, ChatServer, Request, Rule
from tests.doubles.waiting import until

ASK = [Message(role="user", content="Where did Pavlov work?")]
SCHEMA = {"type": "object", "properties": {"place": {"type": "string"}}}
OK = Answer(content="In Saint Petersburg.")


def endpoint(server: ChatServer, **changes: Any) -> Endpoint:
    patience = {"wait_initial": 0.001, "wait_max": 0.002, "attempts": 3, "timeout": 5.0}
    return Endpoint(
        **{"base_url": server.url, "model": "scripted", "api_key": "k"} | patience | changes
    )


def in_turn(answers: Sequence[Answer]) -> Rule:
    """The answers one after the other, then the last one for ever."""
    left = list(answers)
    return lambda request: left.pop(0) if len(left) > 1 else left[0]


def refusing(*words: str) -> Rule:
    """Answers 400, as servers do, to requests that have one of these in their bodies."""

    def rule(request: Request) -> Answer:
        for word in words:
            name, _, value = word.partition("=")
            if name in request.body and value in str(request.body[name]):
                return Answer(status=400, content=f"Unsupported: '{name}' {value}. {HINTS[name]}")
        return Answer(content='{"place": "Saint Petersburg"}')

    return rule


HINTS = {
    "response_format": "This response_format is not available.",
    "max_tokens": "Use 'max_completion_tokens' instead.",
    "temperature": "Only the default temperature is supported.",
}


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with ChatServer(lambda request: OK) as server:
        yield server


@pytest.fixture
def opened(server: ChatServer) -> Iterator[Callable[..., OpenAIChatModel]]:
    models: list[OpenAIChatModel] = []

    def make(**changes: Any) -> OpenAIChatModel:
        models.append(OpenAIChatModel(endpoint(server, **changes)))
        return models[-1]

    yield make
    for model in models:
        model.close()


@pytest.fixture
def model(opened: Callable[..., OpenAIChatModel]) -> OpenAIChatModel:
    return opened()


def test_an_answer_comes_with_its_model_and_what_it_cost(
    server: ChatServer, model: OpenAIChatModel
) -> None:
    reply = model.complete(ASK, max_tokens=50)
    assert (reply.text, reply.model) == ("In Saint Petersburg.", "scripted")
    assert (reply.input_tokens, reply.output_tokens) == (11, 7)
    sent = server.requests[0]
    assert sent.body["temperature"] == 0
    assert sent.body["max_tokens"] == 50
    assert sent.body["messages"] == [{"role": "user", "content": ASK[0].content}]
    assert sent.headers["authorization"] == "Bearer k"
    assert sent.format == ""


def test_a_schema_is_sent_as_a_strict_one(server: ChatServer, model: OpenAIChatModel) -> None:
    model.complete(ASK, json_schema=SCHEMA)
    form = server.requests[0].body["response_format"]["json_schema"]
    assert form["strict"] is True
    assert form["schema"] == SCHEMA


def test_an_endpoint_that_refuses_schemas_is_asked_for_json_from_then_on(
    server: ChatServer, model: OpenAIChatModel
) -> None:
    server.chat = refusing("response_format=json_schema")
    for _ in range(2):
        assert model.complete(ASK, json_schema=SCHEMA).text == '{"place": "Saint Petersburg"}'
    assert [request.format for request in server.requests] == [
        "json_schema",
        "json_object",
        "json_object",
    ]
    assert '"place"' in server.requests[1].prompt
    assert '"place"' not in server.requests[0].prompt


def test_an_endpoint_that_knows_no_formats_is_asked_in_words(
    server: ChatServer, model: OpenAIChatModel
) -> None:
    server.chat = refusing("response_format")
    assert model.complete(ASK, json_schema=SCHEMA).text == '{"place": "Saint Petersburg"}'
    assert [request.format for request in server.requests] == ["json_schema", "json_object", ""]
    assert "JSON schema" in server.requests[2].prompt


def test_an_endpoint_with_other_names_for_limits_is_understood(
    server: ChatServer, model: OpenAIChatModel
) -> None:
    server.chat = refusing("max_tokens", "temperature")
    model.complete(ASK, max_tokens=50)
    model.complete(ASK, max_tokens=60)
    assert server.calls == 4
    assert server.requests[3].body["max_completion_tokens"] == 60
    assert "temperature" not in server.requests[3].body


@pytest.mark.parametrize(
    "passing",
    [
        Answer(status=429, content="slow down"),
        Answer(status=500, content="oops"),
        Answer(status=503, body=b"<html>down</html>"),
        Answer(content="never whole", drop=True),
    ],
    ids=["429", "500", "503", "dropped"],
)
def test_a_call_that_fails_for_a_passing_reason_is_tried_again(
    server: ChatServer, model: OpenAIChatModel, passing: Answer
) -> None:
    server.chat = in_turn([passing, passing, OK])
    assert model.complete(ASK).text == OK.content
    assert server.calls == 3


def test_the_wait_that_an_endpoint_asks_for_is_kept(
    server: ChatServer, model: OpenAIChatModel
) -> None:
    busy = Answer(status=429, content="slow down", headers={"Retry-After": "0.3"})
    server.chat = in_turn([busy, OK])
    start = time.monotonic()
    model.complete(ASK)
    assert time.monotonic() - start >= 0.3
    assert server.calls == 2


def test_a_wait_that_is_too_long_is_not_kept(server: ChatServer, model: OpenAIChatModel) -> None:
    busy = Answer(status=429, content="come back tomorrow", headers={"Retry-After": "86400"})
    server.chat = in_turn([busy])
    with pytest.raises(ModelUnavailable, match=r"come back tomorrow.*AMMON_LLM_CONCURRENCY"):
        model.complete(ASK)
    assert server.calls == 1


@pytest.mark.parametrize(
    ("answer", "calls", "message"),
    [
        (Answer(status=500, content="oops"), 3, "failed 3 times .*oops"),
        (Answer(status=429, content="slow down"), 3, "limits the rate of requests .*slow down"),
        (Answer(status=401, content="bad key"), 1, "refuses the key .*AMMON_LLM_API_KEY"),
        (Answer(status=403, content="no"), 1, "refuses the key .*AMMON_LLM_API_KEY"),
        (Answer(status=404, content="no such"), 1, "AMMON_LLM_MODEL and AMMON_LLM_BASE_URL"),
    ],
    ids=["500", "429", "401", "403", "404"],
)
def test_an_endpoint_that_cannot_be_had_is_named_with_a_remedy(
    server: ChatServer, model: OpenAIChatModel, answer: Answer, calls: int, message: str
) -> None:
    server.chat = in_turn([answer])
    with pytest.raises(ModelUnavailable, match=message) as raised:
        model.complete(ASK)
    assert "'scripted' at http://127.0.0.1" in str(raised.value)
    assert raised.value.permanent == (answer.status in (401, 403, 404))
    assert server.calls == calls


def test_a_slow_endpoint_is_given_up_after_its_attempts(
    server: ChatServer, opened: Callable[..., OpenAIChatModel]
) -> None:
    server.chat = in_turn([Answer(content="late", delay=0.5)])
    with pytest.raises(ModelUnavailable, match=r"within 0\.05 s, 2 times.*AMMON_LLM_TIMEOUT"):
        opened(timeout=0.05, attempts=2).complete(ASK)
    until(lambda: server.calls == 2)


def test_an_address_where_nothing_listens_is_named() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        nowhere = Endpoint(base_url=url, model="m", attempts=2, wait_initial=0.001)
        model = OpenAIChatModel(nowhere)
        with pytest.raises(ModelUnavailable, match=r"cannot be reached .*AMMON_LLM_BASE_URL"):
            model.complete(ASK)
        model.close()


def test_a_request_that_is_refused_for_itself_is_not_repeated(
    server: ChatServer, model: OpenAIChatModel
) -> None:
    server.chat = in_turn([Answer(status=400, content="maximum context length is 10")])
    with pytest.raises(ModelOutputInvalid, match=r"refuses the request .*context length"):
        model.complete(ASK, json_schema=SCHEMA)
    assert server.calls == 1


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(content='{"place": "Sai', finish_reason="length"), "cut off at 2048 tokens"),
        (Answer(content="", finish_reason="content_filter"), "content filter"),
        (Answer(content=None, refusal="I cannot help."), r"refused: I cannot help\."),
        (Answer(content=""), "returned an empty answer"),
        (Answer(content=" \n"), "returned an empty answer"),
        (Answer(content=None), "returned an empty answer"),
        (Answer(content=[1, 2]), "returned an empty answer"),
        (Answer(content="x" * 1_000_001), "1000001 characters"),
    ],
    ids=["length", "filter", "refusal", "empty", "blank", "null", "a list", "huge"],
)
def test_an_answer_that_is_none_is_an_error_and_is_paid(
    server: ChatServer, model: OpenAIChatModel, answer: Answer, message: str
) -> None:
    server.chat = in_turn([answer])
    with pytest.raises(AnswerUnusable, match=message) as raised:
        model.complete(ASK, json_schema=SCHEMA)
    assert (raised.value.input_tokens, raised.value.output_tokens) == (11, 7)
    assert server.calls == 1


@pytest.mark.parametrize(
    "told",
    [
        None,
        (10**30, 10**30),
        (2**63, 2**63),
        (-5, -5),
        (0, 0),
        (500.5, 0.1),
        (float("inf"), float("nan")),
        ("500", [7]),
    ],
    ids=str,
)
def test_tokens_that_are_not_reported_so_that_they_can_be_believed_are_estimated(
    server: ChatServer, model: OpenAIChatModel, told: tuple[object, object] | None
) -> None:
    server.chat = lambda _: Answer(content="x" * 41, usage=told)
    reply = model.complete(ASK)
    assert (reply.input_tokens, reply.output_tokens) == (6, 11), "four bytes a token"


def test_whole_tokens_may_be_written_as_fractions(
    server: ChatServer, model: OpenAIChatModel
) -> None:
    server.chat = lambda _: Answer(content="yes", usage=(500.0, 20.0))
    reply = model.complete(ASK)
    assert (reply.input_tokens, reply.output_tokens) == (500, 20)


def test_estimates_are_told_once_a_process_and_endpoint(
    server: ChatServer, opened: Callable[..., OpenAIChatModel]
) -> None:
    with structlog.testing.capture_logs() as told:
        opened().complete(ASK)
        assert told == []
        server.chat = lambda _: Answer(content="yes", usage=None)
        for model in (opened(), opened()):
            model.complete(ASK)
            model.complete(ASK)
    (warning,) = told
    assert "go by estimates" in warning["event"]
    assert warning["endpoint"] == server.url


def test_a_stored_answer_counts_as_it_would_have_counted_at_once(
    server: ChatServer, model: OpenAIChatModel
) -> None:
    came: list[bytes] = []
    server.chat = lambda _: Answer(content="x" * 41, usage=None)
    reply = model.complete(ASK, arrived=came.append)
    assert model.read(came[0], sent=6) == reply


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Welcome</html>",
        b"[" * 100_000,
        b"null",
        b"[]",
        b'"text"',
        b"{}",
        b'{"error": {"message": "no upstream"}}',
    ],
)
def test_what_is_nobodys_answer_is_an_outage_and_blames_no_passage(
    server: ChatServer, model: OpenAIChatModel, body: bytes
) -> None:
    server.chat = in_turn([Answer(body=body)])
    with pytest.raises(ModelUnavailable, match="not JSON of OpenAI's protocol"):
        model.complete(ASK)


def test_a_proxy_whose_server_is_back_is_tried_again(
    server: ChatServer, model: OpenAIChatModel
) -> None:
    server.chat = in_turn([Answer(body=b"<html>Starting</html>"), Answer(content="yes")])
    assert model.complete(ASK).text == "yes"


@pytest.mark.parametrize(
    "body",
    [
        b'{"choices": [{"message": {"content": "\xff\xfe"}}]}',
        b'{"choices": [{"mess',
        b'{"choices": []}',
        b'{"choices": null}',
        b'{"choices": [null]}',
        b'{"choices": [{}]}',
        b'{"choices": [{"message": "text"}], "usage": 3}',
        b'{"choices": {"0": "no list"}, "usage": {"prompt_tokens": "many"}}',
    ],
)
def test_a_body_outside_the_protocol_is_an_error(
    server: ChatServer, model: OpenAIChatModel, body: bytes
) -> None:
    server.chat = in_turn([Answer(body=body)])
    with pytest.raises(ModelOutputInvalid):
        model.complete(ASK)


@pytest.mark.parametrize(
    ("answers", "may_be_the_request"),
    [
        ([Answer(status=500)], True),
        ([Answer(body=b"<html>Bad gateway</html>")], True),
        ([Answer(content="yes", drop=True)], True),
        ([Answer(status=502), Answer(status=429)], False),
        ([Answer(status=500, headers={"Retry-After": "0"})], False),
        ([Answer(status=503)], False),
        ([Answer(status=504)], False),
        ([Answer(status=529)], False),
        ([Answer(content="yes", drop=True), Answer(status=503)], True),
        ([Answer(delay=0.6)], False),
    ],
    ids=[
        *("5xx", "HTML", "dropped", "rate", "asked to wait", "503", "504", "529"),
        *("breaks down and starts again", "slow"),
    ],
)
def test_an_endpoint_that_breaks_down_at_a_request_is_told_from_one_that_has_no_time(
    server: ChatServer,
    opened: Callable[..., OpenAIChatModel],
    answers: Sequence[Answer],
    *,
    may_be_the_request: bool,
) -> None:
    server.chat = in_turn(answers)
    with pytest.raises(ModelUnavailable) as raised:
        opened(timeout=0.3).complete(ASK)
    assert isinstance(raised.value, RequestFailed) == may_be_the_request


def test_an_endpoint_that_is_not_there_breaks_down_at_no_request(server: ChatServer) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        model = OpenAIChatModel(endpoint(server, base_url=url))
        with pytest.raises(ModelUnavailable) as raised:
            model.complete(ASK)
    model.close()
    assert not isinstance(raised.value, RequestFailed)


def test_a_process_that_is_to_end_tries_nothing_again(
    server: ChatServer, opened: Callable[..., OpenAIChatModel]
) -> None:
    stopping = Event()

    def refuse(_: Request) -> Answer:
        stopping.set()  # while the call is under way
        return Answer(status=503)

    server.chat = refuse
    model = opened(attempts=5, stopping=stopping)
    with pytest.raises(ModelUnavailable):
        model.complete(ASK)
    assert server.calls == 1


def test_no_more_calls_are_under_way_than_allowed(
    server: ChatServer, opened: Callable[..., OpenAIChatModel]
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    server.chat = in_turn([Answer(content="yes", delay=0.02)])
    model = opened(concurrency=2)
    with ThreadPoolExecutor(6) as pool:
        assert len(list(pool.map(lambda _: model.complete(ASK).text, range(8)))) == 8
    assert server.most_at_once == 2


@pytest.mark.parametrize("make", [OpenAIChatModel, OpenAIEmbedder])
def test_without_the_client_library_it_is_told_before_anything_is_asked(
    make: Callable[[Endpoint], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(DependencyMissing, match=r"'openai' is not installed\. .* install -e \.  "):
        make(Endpoint(base_url="http://127.0.0.1:9/v1", model="any"))
