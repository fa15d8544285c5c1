"""An embedding endpoint that hangs costs the questions that need it, and nothing else."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import httpx2
import pytest
from fastapi.testclient import TestClient

from server.composition import compose
from server.core import Core
from server.http.app import create_app
from server.settings import Settings
from tests.doubles.chat_server import Answer, ChatServer, Request, embeddings
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.house import settings_in
from tests.doubles.waiting import Watch, until

PATIENCE = 3.0
"""Seconds that a question waits for its vector."""


def opened(settings: Settings) -> Core:
    return compose(settings, extractor=lambda name, _: ScriptedExtractor(fingerprint=name))


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with ChatServer() as server:
        yield server


@pytest.fixture
def patience() -> float:
    return PATIENCE


@pytest.fixture
def client(server: ChatServer, tmp_path: Path, patience: float) -> Iterator[TestClient]:
    settings = settings_in(
        tmp_path,
        embedder="openai:vectors",
        embedding_base_url=server.url,
        embedding_question_timeout=patience,
        request_threads=4,
    )
    with TestClient(create_app(settings, opened), base_url="http://test/api/v1") as made:
        made.post("/collections", json={"name": "papers"})
        documents = [{"source": "a", "text": "Ann Lee taught in Umeå.", "title": "Ann Lee"}]
        made.post("/collections/papers/documents", json=documents)
        until(lambda: bool(ask(made, "Who taught?").json().get("hits")))
        yield made


def ask(client: TestClient, question: str, mode: str = "ammon") -> httpx2.Response:
    body = {"question": question, "mode": mode}
    return client.post("/collections/papers/query", json=body)


def test_a_crowd_of_questions_is_told_soon_and_by_name(
    client: TestClient, server: ChatServer
) -> None:
    over = Event()
    server.embed = lambda request: Answer(content=over.wait(100))
    with Watch() as watch, ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda number: ask(client, f"Who taught {number}?"), range(24)))
    over.set()
    assert {response.status_code for response in found} == {503}
    assert {response.headers["retry-after"] for response in found} == {"5"}
    assert all(f"'vectors' at {server.url}" in one.json()["detail"] for one in found)
    assert watch.seconds < 4 * PATIENCE, "alone each would take a turn of a thread's for so long"


@pytest.mark.parametrize("patience", [100.0])
def test_what_needs_no_embedding_is_answered(client: TestClient, server: ChatServer) -> None:
    asked, over = Event(), Event()

    def hang(request: Request) -> Answer:
        asked.set()
        over.wait(100)
        return embeddings(request)

    server.embed = hang
    with ThreadPoolExecutor(3) as pool:
        stuck = [pool.submit(ask, client, f"Who taught {number}?") for number in range(3)]
        try:
            assert asked.wait(60)
            time.sleep(0.1)  # for the others to be under way, too
            found = ask(client, "Who taught in Umeå?", "bm25")
            assert not any(one.done() for one in stuck)
        finally:
            over.set()
        assert {one.result(60).status_code for one in stuck} == {200}
    assert [hit["title"] for hit in found.json()["hits"]] == ["Ann Lee"]
