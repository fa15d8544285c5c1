"""The HTTP API, with a real store, real threads and real files; the models are doubles."""

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from server.http.app import create_app
from tests.doubles.house import open_house, settings_in

SEMON = {
    "source": "semon.md",
    "title": "Semon",
    "text": "Richard Semon coined Engram.",
    "metadata": {"язык": "en", "year": 1904},
    "observed_at": "1904-01-01T00:00:00Z",
}
LASHLEY = {"source": "lashley.txt", "title": "Lashley", "text": "Karl Lashley sought the Engram."}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    app = create_app(settings_in(tmp_path), open_house)
    with TestClient(app, base_url="http://test/api/v1") as made:
        yield made


@pytest.fixture
def papers(client: TestClient) -> TestClient:
    """A client of a server with one collection, in which two documents are published."""
    assert client.post("/collections", json={"name": "papers"}).status_code == 201
    finish(client, client.post("/collections/papers/documents", json=[SEMON, LASHLEY]).json())
    return client


def finish(client: TestClient, receipt: dict[str, Any]) -> dict[str, Any]:
    """Wait until questions see what was handed in."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        job: dict[str, Any] = client.get(f"/jobs/{receipt['job']}").json()
        if job["state"] == "done":
            return job
        time.sleep(0.02)
    raise AssertionError(f"the job is still {job}")


def test_a_collection_is_made_listed_read_and_deleted(client: TestClient) -> None:
    made = client.post("/collections", json={"name": "память 1", "max_tokens": 64})
    assert made.status_code == 201
    assert client.get(made.headers["location"].removeprefix("/api/v1")).json() == made.json()
    assert made.json()["settings"] == {
        "extractor": "spacy",
        "embedder": "minilm",
        "max_tokens": 64,
        "overlap_tokens": 0,
    }
    assert [found["name"] for found in client.get("/collections").json()] == ["память 1"]
    assert client.delete("/collections/память 1").status_code == 204
    assert client.get("/collections").json() == []


def test_texts_come_in_as_a_job(client: TestClient) -> None:
    client.post("/collections", json={"name": "papers"})
    taken = client.post("/collections/papers/documents", json=[SEMON, LASHLEY])
    assert taken.status_code == 202
    receipt = taken.json()
    assert (receipt["submitted"], receipt["unchanged"]) == (2, 0)
    assert taken.headers["location"] == f"/api/v1/jobs/{receipt['job']}"
    job = finish(client, receipt)
    assert job["counts"] == {"extracted": 2}
    assert (job["total"], job["percent"], job["documents_indexed"]) == (2, 100.0, 2)


def test_what_is_there_already_makes_no_job(papers: TestClient) -> None:
    receipt = papers.post("/collections/papers/documents", json=[SEMON]).json()
    assert (receipt["job"], receipt["unchanged"]) == (None, 1)


def test_a_text_without_a_source_is_known_by_its_content(papers: TestClient) -> None:
    text = {"text": "Donald Hebb wrote."}
    finish(papers, papers.post("/collections/papers/documents", json=[text]).json())
    again = papers.post("/collections/papers/documents", json=[text]).json()
    assert again["unchanged"] == 1


def test_files_come_in_and_those_that_cannot_be_read_are_reported(papers: TestClient) -> None:
    files = [
        ("files", ("hebb.md", b"# Hebb\n\nDonald Hebb studied with Lashley.")),
        ("files", ("broken.pdf", b"%PDF-1.7 rubbish")),
    ]
    taken = papers.post("/collections/papers/documents/upload", files=files)
    assert taken.status_code == 202
    receipt = taken.json()
    assert [failure["source"] for failure in receipt["failures"]] == ["broken.pdf"]
    finish(papers, receipt)
    sources = [d["source"] for d in papers.get("/collections/papers/documents").json()["documents"]]
    assert sorted(sources) == ["hebb.md", "lashley.txt", "semon.md"]


def test_documents_are_listed_in_pages(papers: TestClient) -> None:
    found, cursor = [], ""
    while cursor is not None:
        page = papers.get(
            "/collections/papers/documents", params={"cursor": cursor, "limit": 1}
        ).json()
        found += [document["source"] for document in page["documents"]]
        cursor = page["next_cursor"]
    assert sorted(found) == ["lashley.txt", "semon.md"]


def test_a_document_is_read_with_all_that_was_handed_in(papers: TestClient) -> None:
    listed = papers.get("/collections/papers/documents").json()["documents"]
    (semon,) = [found for found in listed if found["source"] == "semon.md"]
    read = papers.get(f"/collections/papers/documents/{semon['id']}").json()
    assert {name: read[name] for name in SEMON} == SEMON
    assert read["characters"] == len(SEMON["text"])


def test_a_deleted_document_is_no_longer_found(papers: TestClient) -> None:
    listed = papers.get("/collections/papers/documents").json()["documents"]
    (semon,) = [found["id"] for found in listed if found["source"] == "semon.md"]
    assert papers.delete(f"/collections/papers/documents/{semon}").status_code == 204
    assert papers.get(f"/collections/papers/documents/{semon}").status_code == 404
    until = time.monotonic() + 120
    while not papers.get("/collections/papers/stats").json()["current"]:
        assert time.monotonic() < until
        time.sleep(0.02)
    asked = {"question": "Who coined Engram?", "mode": "bm25"}
    hits = papers.post("/collections/papers/query", json=asked).json()["hits"]
    assert [hit["citations"][0]["source"] for hit in hits] == ["lashley.txt"]


def test_a_question_gets_passages_with_citations_and_explanation(papers: TestClient) -> None:
    asked = {"question": "Richard Semon coined Engram", "mode": "bm25", "k": 1}
    found = papers.post("/collections/papers/query", json=asked).json()
    (hit,) = found["hits"]
    (citation,) = hit["citations"]
    assert hit["text"] == SEMON["text"]
    assert citation["source"] == "semon.md"
    assert citation["metadata"] == SEMON["metadata"]
    assert (citation["start"], citation["end"]) == (0, len(hit["text"]))
    dated = papers.get(f"/collections/papers/documents/{citation['document_id']}").json()
    assert datetime.fromisoformat(citation["observed_at"]) == datetime.fromisoformat(
        dated["observed_at"]
    )
    asked["question"] = str(LASHLEY["text"])
    (undated,) = papers.post("/collections/papers/query", json=asked).json()["hits"]
    assert undated["citations"][0]["observed_at"] is None
    assert set(found["explanation"]) == {"entities", "facts", "clauses"}
    assert set(found["timings"]) == {"embedding", "retrieval"}


@pytest.mark.parametrize("mode", ["ammon", "hipporag2", "hipporag", "dense", "bm25"])
def test_every_mode_answers(papers: TestClient, mode: str) -> None:
    asked = {"question": "Who sought the Engram?", "mode": mode, "explain": False}
    found = papers.post("/collections/papers/query", json=asked).json()
    assert found["mode"] == mode
    assert {hit["title"] for hit in found["hits"]} == {"Semon", "Lashley"}
    assert found["explanation"] is None


def test_an_empty_collection_answers_with_no_passages_and_a_note(client: TestClient) -> None:
    client.post("/collections", json={"name": "papers"})
    found = client.post("/collections/papers/query", json={"question": "Who?"})
    assert found.status_code == 200
    assert found.json()["hits"] == []
    assert found.json()["notes"]


def test_stats_count_what_is_there(papers: TestClient) -> None:
    found = papers.get("/collections/papers/stats").json()
    assert found["counts"]["documents"] == 2
    assert found["counts"]["facts"] > 0
    assert found["current"]
    assert found["published_revision"] == found["revision"]


def test_the_neighbourhood_of_an_entity(papers: TestClient) -> None:
    found = papers.get("/collections/papers/graph/neighbourhood", params={"entity": "ENGRAM"})
    labels = {node["label"]: node["distance"] for node in found.json()["nodes"]}
    assert labels["Engram"] == 0
    assert labels["Semon"] == 1
    assert {"fact", "mention"} <= {edge["kind"] for edge in found.json()["edges"]}


def test_a_jobs_documents_are_listed(papers: TestClient) -> None:
    (job,) = papers.get("/jobs", params={"collection": "papers"}).json()
    found = papers.get(f"/jobs/{job['id']}/documents").json()
    assert [(one["source"], one["state"], one["error"]) for one in found] == [
        ("semon.md", "extracted", ""),
        ("lashley.txt", "extracted", ""),
    ]
    assert papers.get(f"/jobs/{job['id']}/documents", params={"state": "failed"}).json() == []


def test_cancelling_and_retrying_a_job_that_is_done_changes_nothing(papers: TestClient) -> None:
    (job,) = papers.get("/jobs").json()
    assert papers.post(f"/jobs/{job['id']}/cancel").json() == job
    assert papers.post(f"/jobs/{job['id']}/retry").json() == job


def test_the_server_is_alive_and_ready(client: TestClient) -> None:
    assert client.get("/health/live").json() == {"status": "ok"}
    assert client.get("/health/ready").json() == {"status": "ok", "warnings": []}


def test_the_callers_request_id_comes_back(client: TestClient) -> None:
    sent = client.get("/health/live", headers={"X-Request-ID": "abc-123"})
    assert sent.headers["x-request-id"] == "abc-123"


def test_a_request_without_a_good_id_gets_one(client: TestClient) -> None:
    made = client.get("/health/live", headers={"X-Request-ID": "a b\tc"}).headers["x-request-id"]
    assert len(made) == 32
    assert made != client.get("/health/live").headers["x-request-id"]
