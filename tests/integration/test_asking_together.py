"""Clients that ask at once, over HTTP, get what each would get alone."""

import http.client
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bench.question_server import APART, TOGETHER, QuestionServer, question_server
from inference.folding import FoldingEmbedder
from inference.onnx import OnnxEmbedder
from kg.snapshot import SnapshotFolder
from tests.doubles.corpus import Note, snapshot_of

NOTES = [
    Note(title="Ann Lee", text="Ann Lee taught Bo Ek in Umeå.", names=("Ann Lee", "Bo Ek", "Umeå")),
    Note(title="Bo Ek", text="Bo Ek drew the map of Luleå.", names=("Bo Ek", "Luleå")),
    Note(title="Luleå", text="A town by the sea, with a church village.", names=("Luleå",)),
]
QUESTIONS = [
    "Who taught the one who drew the map of Luleå?",
    "Where did Ann Lee teach?",
    "What does the town have whose map Bo Ek drew, and who taught him?",
    "By what does the town lie?",
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuestionServer]:
    folder = SnapshotFolder(tmp_path_factory.mktemp("snapshots"))
    snapshot = snapshot_of(NOTES, FoldingEmbedder(OnnxEmbedder(threads=1)))
    folder.publish(folder.write(snapshot.revision, snapshot.write))
    with question_server(folder.path, threads=1) as running:
        yield running


def ask(server: QuestionServer, collection: str, asked: dict[str, Any]) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    path = f"/api/v1/collections/{collection}/query" + (":batch" if "questions" in asked else "")
    headers = {"Content-Type": "application/json"}
    connection.request("POST", path, json.dumps(asked | {"explain": False}), headers)
    response = connection.getresponse()
    body = json.loads(response.read())
    connection.close()
    assert response.status == 200, body
    return body


def hits(answer: dict[str, Any]) -> list[tuple[str, float]]:
    return [(hit["title"], hit["score"]) for hit in answer["hits"]]


def test_many_at_once_get_the_answers_and_scores_of_each_alone(server: QuestionServer) -> None:
    alone = [hits(ask(server, APART, {"question": question})) for question in QUESTIONS]
    with ThreadPoolExecutor(8) as pool:
        bodies = [{"question": question} for question in QUESTIONS * 6]
        found = list(pool.map(lambda body: hits(ask(server, TOGETHER, body)), bodies))
    assert found == alone * 6


def test_a_batch_gets_them_too(server: QuestionServer) -> None:
    alone = [hits(ask(server, APART, {"question": question})) for question in QUESTIONS]
    answers = ask(server, TOGETHER, {"questions": QUESTIONS})["answers"]
    assert [hits(answer) for answer in answers] == alone


def test_the_time_of_the_server_s_processor_is_told(server: QuestionServer) -> None:
    before = server.cpu()
    ask(server, APART, {"question": QUESTIONS[0]})
    assert 0 < before < server.cpu()
