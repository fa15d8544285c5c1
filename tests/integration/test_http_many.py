"""Many questions over HTTP, and questions with aids."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from server.http.app import create_app
from server.settings import Settings
from tests.doubles.chat_server import Answer, ChatServer, Request
from tests.doubles.house import open_house, settings_in
from tests.integration.test_http import LASHLEY, SEMON, finish

ASKED = "Who coined Engram?"


def scripted(request: Request) -> Answer:
    """Names a step to who asks for steps, and prefers the second passage."""
    if "sub_questions" in str(request.body):
        return Answer(content='{"sub_questions": ["Who sought the Engram?"], "bridges": []}')
    return Answer(content='{"helpful": [2]}')


@pytest.fixture
def chat() -> Iterator[ChatServer]:
    with ChatServer(scripted) as server:
        yield server


def opened(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings, open_house), base_url="http://test/api/v1") as client:
        client.post("/collections", json={"name": "papers"})
        finish(client, client.post("/collections/papers/documents", json=[SEMON, LASHLEY]).json())
        yield client


@pytest.fixture
def client(tmp_path: Path, chat: ChatServer) -> Iterator[TestClient]:
    """A server with two documents whose chat model is scripted."""
    settings = settings_in(tmp_path)
    yield from opened(settings.model_copy(update={"llm_base_url": chat.url}))


def ask(client: TestClient, **body: object) -> Any:
    answer = client.post("/collections/papers/query", json={"question": ASKED, **body})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_many_questions_are_answered_in_their_order(client: TestClient) -> None:
    questions = [ASKED, "Who sought it?", ASKED]
    body = {"questions": questions, "k": 1, "mode": "dense"}
    answers = client.post("/collections/papers/query:batch", json=body).json()["answers"]
    assert [one["question"] for one in answers] == questions
    for one in answers:
        alone = client.post(
            "/collections/papers/query", json={"question": one["question"], "k": 1, "mode": "dense"}
        ).json()
        assert one["hits"] == alone["hits"]
        assert one["explanation"] is None


@pytest.mark.parametrize("questions", [[], [""], ["Who?"] * 257])
def test_no_blank_and_too_many_questions_are_refused(
    client: TestClient, questions: list[str]
) -> None:
    answer = client.post("/collections/papers/query:batch", json={"questions": questions})
    assert answer.status_code == 422


def test_many_questions_of_no_collection_are_not_found(client: TestClient) -> None:
    answer = client.post("/collections/none/query:batch", json={"questions": ["Who?"]})
    assert answer.status_code == 404


def test_an_empty_collection_answers_each_with_a_note(client: TestClient) -> None:
    client.post("/collections", json={"name": "empty"})
    body = {"questions": ["Who?", "Where?"]}
    answers = client.post("/collections/empty/query:batch", json=body).json()["answers"]
    assert [(one["hits"], len(one["notes"])) for one in answers] == [([], 1), ([], 1)]


def test_a_chat_model_is_asked_only_where_that_is_wanted(
    client: TestClient, chat: ChatServer
) -> None:
    ask(client)
    assert chat.calls == 0
    found = ask(client, bridges=True)
    assert chat.calls == 1
    assert found["notes"][-1] == "Also searched for: Who sought the Engram?"


def test_recognition_puts_first_what_helps(client: TestClient) -> None:
    plain = [hit["passage_id"] for hit in ask(client, mode="dense")["hits"]]
    found = ask(client, mode="dense", recognition=True)
    assert [hit["passage_id"] for hit in found["hits"]] == plain[::-1]


def test_a_chat_model_that_fails_costs_a_note_and_no_answer(
    client: TestClient, chat: ChatServer
) -> None:
    chat.chat = lambda request: Answer(status=500, content="broken")
    found = ask(client, bridges=True)
    assert found["hits"] == ask(client)["hits"]
    assert "failed, and the search continued without it" in found["notes"][-1]
    assert chat.calls == 1, "a question does not wait for several attempts"


@pytest.mark.parametrize(
    ("aid", "remedy"),
    [
        ("bridges", "AMMON_LLM_MODEL"),
        ("recognition", "AMMON_LLM_MODEL"),
        ("rerank", "AMMON_RERANKER"),
    ],
)
def test_an_aid_that_no_setting_names_is_refused_with_the_remedy(
    aid: str, remedy: str, tmp_path: Path
) -> None:
    for client in opened(settings_in(tmp_path)):
        asked = {"question": ASKED, aid: True}
        answer = client.post("/collections/papers/query", json=asked)
        assert answer.status_code == 422
        assert answer.json()["type"] == "urn:ammon:problem:settings-invalid"
        assert remedy in answer.json()["detail"]
        assert ask(client, **{aid: False})["hits"]


def test_the_settings_switch_aids_on_and_a_question_off(tmp_path: Path, chat: ChatServer) -> None:
    settings = settings_in(tmp_path).model_copy(update={"llm_base_url": chat.url, "bridges": True})
    for client in opened(settings):
        ask(client)
        assert chat.calls == 1
        ask(client, bridges=False)
        assert chat.calls == 1
