"""Every error is a problem (RFC 9457) that says what to do."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient

from kg.errors import ModelUnavailable, StoreUnavailable
from kg.sqlite import SQLiteStore
from server.core import Core
from server.http.app import create_app
from tests.doubles.house import open_house, settings_in
from tests.doubles.waiting import until


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    app = create_app(settings_in(tmp_path), open_house)
    with TestClient(app, base_url="http://test/api/v1", raise_server_exceptions=False) as made:
        made.post("/collections", json={"name": "papers"})
        yield made


def problem(response: httpx2.Response, status: int, kind: str) -> dict[str, Any]:
    """The body of a problem of that kind."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-request-id"]
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert body["type"] == f"urn:ammon:problem:{kind}"
    assert body["title"]
    assert body["instance"] == response.request.url.path
    return body


def test_what_is_not_there(client: TestClient) -> None:
    found = problem(client.get("/collections/nobody"), 404, "collection-not-found")
    assert "'nobody'" in found["detail"]
    problem(client.get("/collections/papers/documents/doc-0"), 404, "document-not-found")
    problem(client.delete("/collections/papers/documents/doc-0"), 404, "document-not-found")
    problem(client.get("/jobs/job-0"), 404, "job-not-found")
    problem(client.get("/jobs/job-0/documents"), 404, "job-not-found")
    problem(client.post("/jobs/job-0/retry"), 404, "job-not-found")
    url = "/collections/papers/graph/neighbourhood"
    problem(client.get(url, params={"entity": "Nobody"}), 404, "entity-not-found")


def test_an_entity_of_a_collection_that_has_none_yet(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.post("/collections", json={"name": "empty"})
    url = "/collections/empty/graph/neighbourhood"
    found = problem(client.get(url, params={"entity": "Nobody"}), 404, "entity-not-found")
    assert "being indexed" not in found["detail"]
    monkeypatch.setattr(SQLiteStore, "waiting", lambda *_: 1)
    found = problem(client.get(url, params={"entity": "Nobody"}), 404, "entity-not-found")
    assert "are being indexed: try again in a moment" in found["detail"]


def test_a_path_and_a_method_that_do_not_exist(client: TestClient) -> None:
    problem(client.get("/nothing"), 404, "not-found")
    refused = client.put("/collections")
    problem(refused, 405, "method-not-allowed")
    assert refused.headers["allow"]


def test_a_name_that_is_taken(client: TestClient) -> None:
    taken = client.post("/collections", json={"name": "papers"})
    problem(taken, 409, "collection-exists")


def test_a_name_that_cannot_be(client: TestClient) -> None:
    found = problem(client.post("/collections", json={"name": "a/b"}), 422, "name-invalid")
    assert "letters, digits" in found["detail"]


def test_a_wrong_field_is_named(client: TestClient) -> None:
    sent = client.post("/collections/papers/query", json={"question": "Who?", "k": 0})
    found = problem(sent, 422, "request-invalid")
    assert [wrong["field"] for wrong in found["errors"]] == ["body.k"]


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", ""])
@pytest.mark.parametrize("path", ["query", "query:batch", "documents"])
def test_a_body_that_is_not_declared_as_json_names_the_header_to_send(
    client: TestClient, kind: str, path: str
) -> None:
    headers = {"content-type": kind} if kind else {}
    sent = client.post(
        f"/collections/papers/{path}", content=b'{"question": "Who?"}', headers=headers
    )
    found = problem(sent, 415, "unsupported-media-type")
    assert "content-type: application/json" in found["detail"]
    assert kind in found["detail"]


def test_a_body_that_is_no_object_says_so(client: TestClient) -> None:
    found = problem(client.post("/collections/papers/query", json=["Who?"]), 422, "request-invalid")
    assert found["detail"] == "body: must be a JSON object"


@pytest.mark.parametrize("option", ["receipts", "explain", "bridges", "recognition", "rerank"])
def test_a_switch_is_true_or_false_and_nothing_like_it(client: TestClient, option: str) -> None:
    sent = client.post("/collections/papers/query", json={"question": "Who?", option: "yes"})
    found = problem(sent, 422, "request-invalid")
    assert [wrong["field"] for wrong in found["errors"]] == [f"body.{option}"]


def test_an_unknown_field_is_named(client: TestClient) -> None:
    sent = client.post("/collections/papers/query", json={"question": "Who?", "top": 3})
    found = problem(sent, 422, "request-invalid")
    assert [wrong["field"] for wrong in found["errors"]] == ["body.top"]


@pytest.mark.parametrize("text", ["", " \n ", "\ud800"])
def test_an_empty_question(client: TestClient, text: str) -> None:
    body = json.dumps({"question": text})
    sent = client.post(
        "/collections/papers/query", content=body, headers={"content-type": "application/json"}
    )
    problem(sent, 422, "request-invalid")


def test_a_body_that_is_no_json(client: TestClient) -> None:
    sent = client.post(
        "/collections", content=b"{name", headers={"content-type": "application/json"}
    )
    found = problem(sent, 422, "request-invalid")
    assert [wrong["field"] for wrong in found["errors"]] == ["body"]
    assert found["detail"].startswith("body: not valid JSON: Expecting property name")
    assert found["detail"].endswith("(at character 2)")


@pytest.mark.parametrize("question", ["", " "])
def test_what_is_blank_is_called_so(client: TestClient, question: str) -> None:
    sent = client.post("/collections/papers/query", json={"question": question})
    found = problem(sent, 422, "request-invalid")
    assert found["detail"] == "body.question: must not be blank"


@pytest.mark.parametrize("source", ["", " \n "])
def test_a_source_that_is_given_says_something(client: TestClient, source: str) -> None:
    sent = client.post("/collections/papers/documents", json=[{"source": source, "text": "Hebb."}])
    found = problem(sent, 422, "request-invalid")
    assert found["detail"] == "body.0.source: must not be blank"


def test_an_upload_without_files(client: TestClient) -> None:
    problem(client.post("/collections/papers/documents/upload"), 422, "request-invalid")


def test_a_body_that_is_too_large(client: TestClient) -> None:
    sent = client.post("/collections/papers/documents", json=[{"text": "x" * 1_000_001}])
    found = problem(sent, 413, "body-too-large")
    assert "1,000,000" in found["detail"]


def test_a_body_that_does_not_tell_its_length_is_counted(client: TestClient) -> None:
    def parts() -> Iterator[bytes]:
        yield b'[{"text": "'
        for _ in range(20):
            yield b"x" * 100_000
        yield b'"}]'

    sent = client.post(
        "/collections/papers/documents",
        content=parts(),
        headers={"content-type": "application/json"},
    )
    problem(sent, 413, "body-too-large")


def test_a_store_that_is_out_of_reach(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Any:
        raise StoreUnavailable("The store is locked: try again.")

    monkeypatch.setattr("kg.sqlite.SQLiteStore.collections", fail)
    refused = client.get("/collections")
    problem(refused, 503, "store-unavailable")
    assert int(refused.headers["retry-after"]) > 0
    assert "locked" in problem(client.get("/health/ready"), 503, "not-ready")["detail"]
    assert client.get("/health/live").status_code == 200


def test_a_model_that_is_out_of_reach(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> Any:
        raise ModelUnavailable("The model does not answer: try again.")

    monkeypatch.setattr(Core, "query", fail)
    refused = client.post("/collections/papers/query", json={"question": "Who?"})
    problem(refused, 503, "model-unavailable")
    assert refused.headers["retry-after"]


def test_an_unexpected_error_tells_nothing_of_the_inside(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> Any:
        raise ZeroDivisionError("a secret of the inside")

    monkeypatch.setattr(Core, "query", fail)
    sent = client.post(
        "/collections/papers/query",
        json={"question": "Who?"},
        headers={"X-Request-ID": "find-me"},
    )
    found = problem(sent, 500, "unexpected")
    assert "secret" not in sent.text
    assert "find-me" in found["detail"]


def pointer_of_a_published_document(client: TestClient, folder: Path) -> Path:
    """The file CURRENT, once it is there. Folders may go while they are looked through, which
    `os.walk` takes as it comes."""
    body = [{"source": "a", "title": "A", "text": "Ann Lee taught Bob Ray."}]
    client.post("/collections/papers/documents", json=body)
    found: list[Path] = []

    def is_there() -> bool:
        found.extend(Path(at) / "CURRENT" for at, _, files in os.walk(folder) if "CURRENT" in files)
        return bool(found)

    until(is_there)
    (pointer,) = found
    return pointer


def test_the_remedy_of_a_snapshot_that_cannot_be_used_names_the_collection(
    client: TestClient, tmp_path: Path
) -> None:
    pointer = pointer_of_a_published_document(client, tmp_path)
    (manifest,) = pointer.parent.glob("r*/manifest.json")
    manifest.write_text("rubbish", encoding="utf-8")
    asked = client.post("/collections/papers/query", json={"question": "Who taught Bob Ray?"})
    found = problem(asked, 503, "snapshot-damaged")
    assert "ammon rebuild --collection 'papers'" in found["detail"]
    stats = client.get("/collections/papers/stats").json()
    assert not stats["current"]
    assert "ammon rebuild --collection 'papers'" in stats["damage"]


def test_counts_are_given_though_the_pointer_names_no_snapshot(
    client: TestClient, tmp_path: Path
) -> None:
    pointer = pointer_of_a_published_document(client, tmp_path)
    pointer.write_bytes(b"\xff\xfe\0")
    told = client.get("/collections/papers/stats")
    assert told.status_code == 200
    assert told.json()["counts"]["documents"] == 1


@pytest.mark.parametrize("value", [True, "3", 3.5])
def test_a_number_of_passages_is_a_whole_number(client: TestClient, value: object) -> None:
    asked = client.post("/collections/papers/query", json={"question": "Who?", "k": value})
    assert fields(asked) == ["body.k"]
    body = {"questions": ["Who?"], "k": value}
    assert fields(client.post("/collections/papers/query:batch", json=body)) == ["body.k"]


def test_a_cursor_is_one_of_ours(client: TestClient) -> None:
    listed = client.get("/collections/papers/documents", params={"cursor": "nope"})
    assert fields(listed) == ["query.cursor"]


def fields(response: httpx2.Response) -> list[str]:
    """The parts of a request that are refused."""
    return [found["field"] for found in problem(response, 422, "request-invalid")["errors"]]


def test_a_body_that_is_not_utf_8_is_a_bad_request(client: TestClient) -> None:
    sent = client.post(
        "/collections/papers/query",
        content='{"question": "Où?"}'.encode("latin-1"),
        headers={"content-type": "application/json"},
    )
    problem(sent, 400, "bad-request")
