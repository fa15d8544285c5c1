"""A request that is refused is told what is wrong with it and what to send instead."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient

from retrieval.modes import MODES
from server.http.app import create_app
from server.http.wording import unreadable
from tests.doubles.house import open_house, settings_in

JSON = {"content-type": "application/json"}
QUERY, DOCUMENTS = "/collections/papers/query", "/collections/papers/documents"
HALF = "contains half of a surrogate pair, which is not valid Unicode: send whole characters"
MOST = "and at most {} are allowed: shorten it"
DATE = "must be a date in ISO 8601, such as 1904-01-01 or 1904-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder: Path = tmp_path_factory.mktemp("house")
    app = create_app(settings_in(folder), open_house)
    with TestClient(app, base_url="http://test/api/v1", raise_server_exceptions=False) as made:
        made.post("/collections", json={"name": "papers"})
        yield made


def detail(response: httpx2.Response, status: int) -> str:
    """The detail of a problem with that status."""
    assert response.headers["content-type"] == "application/problem+json"
    assert response.status_code == status, response.text
    told: str = response.json()["detail"]
    return told


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'\xff{"question": "Who?"}', "The body is not UTF-8 (at byte 1): send JSON"),
        ('{"question": "Où?"}'.encode("latin-1"), "The body is not UTF-8 (at byte 16): send JSON"),
        (b"[" * 100_000, "The body's JSON is nested too deeply: send fewer levels"),
        (b'{"k": ' + b"9" * 5000 + b"}", "The body's JSON has a number of too many digits: send"),
    ],
)
def test_a_body_that_cannot_be_read_is_told_why(client: TestClient, body: bytes, told: str) -> None:
    assert detail(client.post(QUERY, content=body, headers=JSON), 400).startswith(told)


def test_a_body_that_cannot_be_read_for_another_reason() -> None:
    assert unreadable(OSError()).startswith("The body cannot be read: check that")


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("question", None, "must be a string, not null"),
        ("question", "\ud800", HALF),
        ("question", "x" * 10_001, f"has 10,001 characters, {MOST.format('10,000')}"),
        ("mode", "Foo", f"Unknown retrieval mode 'Foo': choose one of {', '.join(MODES)}."),
        ("k", 0, "must be 1 or more, not 0"),
        ("k", 201, "must be 200 or less, not 201"),
        ("k", 3.5, "must be a whole number, not 3.5"),
        ("k", "3", 'must be a whole number, not "3"'),
        ("k", True, "must be a whole number, not true"),
        ("k", [3], "must be a whole number"),
        ("k", float("inf"), "must be a whole number, not Infinity"),
        ("explain", "yes", 'must be true or false, not "yes"'),
        ("top", 3, "is not known here: remove it, or correct its name"),
    ],
)
def test_a_field_of_a_question(client: TestClient, field: str, value: object, told: str) -> None:
    body = json.dumps({"question": "Who?", field: value})
    assert detail(client.post(QUERY, content=body, headers=JSON), 422) == f"body.{field}: {told}"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("", "body: is missing: send JSON"),
        ("{}", "body.question: is missing: it is required"),
        ('"Who?"', 'body: must be a JSON object, not "Who?"'),
        ('{"question": "Who?", "\\ud800": 1}', f"body: {HALF}"),
    ],
)
def test_a_body_of_another_form(client: TestClient, body: str, told: str) -> None:
    assert detail(client.post(QUERY, content=body, headers=JSON), 422) == told


@pytest.mark.parametrize(
    ("questions", "told"),
    [
        ([], "must not be empty"),
        ("Who?", 'must be a JSON list, not "Who?"'),
        (
            ["Who?"] * 257,
            "has 257 items, and at most 256 are allowed: send the rest in another request",
        ),
    ],
)
def test_a_list_of_questions(client: TestClient, questions: object, told: str) -> None:
    sent = client.post(f"{QUERY}:batch", json={"questions": questions})
    assert detail(sent, 422) == f"body.questions: {told}"


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("observed_at", "yesterday", f'{DATE}, not "yesterday"'),
        ("observed_at", "2020-13-45", f'{DATE}, not "2020-13-45"'),
        ("observed_at", {}, DATE),
        ("metadata", 5, "must be a JSON object, not 5"),
    ],
)
def test_a_field_of_a_document(client: TestClient, field: str, value: object, told: str) -> None:
    sent = client.post(DOCUMENTS, json=[{"text": "Hebb.", field: value}])
    assert detail(sent, 422) == f"body.0.{field}: {told}"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/jobs?limit=many", 'query.limit: must be a whole number, not "many"'),
        (f"/jobs?limit={'1' * 5000}", "query.limit: is too large a number"),
        (f"/jobs/{'j' * 101}", f"path.job_id: has 101 characters, {MOST.format(100)}"),
        (f"{DOCUMENTS}?cursor=nope", "query.cursor: must match the pattern ^(doc-[0-9a-f]{24})?$"),
    ],
)
def test_a_part_of_an_address(client: TestClient, path: str, told: str) -> None:
    assert detail(client.get(path), 422) == told


def test_a_choice_names_what_there_is(client: TestClient) -> None:
    sent = client.post("/collections", json={"name": "notes", "extractor": "foo"})
    assert detail(sent, 422) == "body.extractor: must be 'spacy' or 'llm', not \"foo\""
    told = detail(client.get("/jobs/job-0/documents?state=foo"), 422)
    assert told.startswith("query.state: must be 'queued', 'extracting'")


def test_a_number_that_is_none(client: TestClient) -> None:
    sent = client.post(f"{DOCUMENTS}?budget_cost=much", json=[{"text": "Hebb."}])
    assert detail(sent, 422) == 'query.budget_cost: must be a number, not "much"'


def test_a_text_in_place_of_a_file(client: TestClient) -> None:
    sent = client.post(f"{DOCUMENTS}/upload", data={"files": "Who?"})
    assert detail(sent, 422).startswith("body.files.0: must be a file, sent with its name")


def test_metadata_that_are_nested_too_deeply(client: TestClient) -> None:
    deep: Any = 1
    for _ in range(300):
        deep = [deep]
    told = detail(client.post(DOCUMENTS, json=[{"text": "Hebb.", "metadata": {"deep": deep}}]), 422)
    assert told.startswith("body.0.metadata.deep.")
    assert told.endswith(": is nested too deeply: send fewer levels of lists and objects")
    assert len(told) < 300


def test_of_a_long_name_or_value_the_beginning_is_quoted(client: TestClient) -> None:
    sent = client.post(QUERY, json={"question": "Who?", "x" * 5000: 1, "k": "3" * 5000})
    assert len(detail(sent, 422)) < 400
