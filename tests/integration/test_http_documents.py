"""Texts that are handed in are bounded as files are."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from server.http.app import create_app
from tests.doubles.house import open_house, settings_in


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    settings = settings_in(tmp_path, max_file_mb=1, max_request_mb=4)
    with TestClient(create_app(settings, open_house), base_url="http://test/api/v1") as made:
        made.post("/collections", json={"name": "papers"})
        yield made


@pytest.mark.parametrize("path", ["", "/estimate"])
def test_a_text_that_is_larger_than_a_file_may_be_is_refused(client: TestClient, path: str) -> None:
    small, large = {"source": "a", "text": "Hebb."}, {"source": "b", "text": "ü" * 500_001}
    found = client.post(f"/collections/papers/documents{path}", json=[small, large])
    assert found.status_code == 422
    told = "'b' has 1,000,002 bytes; at most 1,000,000 are allowed (the setting max_file_mb)."
    assert found.json()["detail"] == told
    assert client.get("/jobs").json() == []


def test_a_text_without_source_or_title_is_named_by_its_place(client: TestClient) -> None:
    found = client.post(
        "/collections/papers/documents", json=[{"text": "Hebb."}, {"text": "a" * 1_000_001}]
    )
    assert found.json()["detail"].startswith("'document 2' has 1,000,001 bytes")
