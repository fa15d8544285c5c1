"""Receipts over HTTP."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from server.http.app import create_app
from tests.doubles.house import open_house, settings_in

DOCUMENTS = [
    {"source": "semon.md", "title": "Semon", "text": "Richard Semon coined Engram."},
    {"source": "lashley.txt", "title": "Lashley", "text": "Karl Lashley sought the Engram."},
]
QUESTION = {"question": "Who coined the Engram that Karl Lashley sought?"}


@pytest.fixture
def papers(tmp_path: Path) -> Iterator[TestClient]:
    """A client of a server with one collection of two documents."""
    app = create_app(settings_in(tmp_path), open_house)
    with TestClient(app, base_url="http://test/api/v1") as client:
        client.post("/collections", json={"name": "papers"})
        job = client.post("/collections/papers/documents", json=DOCUMENTS).json()["job"]
        until = time.monotonic() + 120
        while client.get(f"/jobs/{job}").json()["state"] != "done":
            assert time.monotonic() < until
            time.sleep(0.02)
        yield client


@pytest.mark.parametrize("mode", ["ammon", "hipporag2", "hipporag", "dense", "bm25"])
def test_each_hit_carries_its_receipt(papers: TestClient, mode: str) -> None:
    asked = {**QUESTION, "mode": mode, "receipts": True}
    found = papers.post("/collections/papers/query", json=asked).json()
    assert len(found["hits"]) == 2
    for hit in found["hits"]:
        receipt = hit["receipt"]
        assert (receipt["rank"], receipt["passage_id"]) == (hit["rank"], hit["passage_id"])
        parts = [*receipt["direct"], *receipt["bridges"]]
        assert sum(part["amount"] for part in parts) == pytest.approx(hit["score"], abs=1e-5)


def test_receipts_are_made_only_if_asked_for(papers: TestClient) -> None:
    found = papers.post("/collections/papers/query", json=QUESTION).json()
    assert [hit["receipt"] for hit in found["hits"]] == [None, None]


def test_a_bridge_is_told_with_both_its_ends(papers: TestClient) -> None:
    asked = {"question": "Who sought what Semon coined?", "receipts": True}
    hits = papers.post("/collections/papers/query", json=asked).json()["hits"]
    (bridge,) = next(hit["receipt"]["bridges"] for hit in hits if hit["title"] == "Lashley")
    assert bridge["name"] == "Engram"
    assert bridge["quote"]["text"] == "Karl Lashley sought the Engram."
    said = [origin["quote"]["text"] for origin in bridge["origins"]]
    assert said == ["Richard Semon coined Engram."]
