"""Servers that answer from snapshots on a real S3 server."""

import time
import uuid
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from server.http.app import create_app
from server.retrievers import Retrievers
from tests.doubles.house import open_house, settings_in
from tests.doubles.machines import A, B, Machine, machines, objects, retrievers_of
from tests.doubles.workshop import COLLECTION
from tests.servers.s3 import S3Server, s3_server

__all__ = ["machines", "objects", "s3_server"]


def seen_within(seconds: float, retrievers: Retrievers, machine: Machine, revision: int) -> bool:
    collection = machine.store.collection(COLLECTION)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = retrievers.get(collection)
        if found is not None and found.snapshot.revision == revision:
            return True
        time.sleep(0.01)
    return False


def test_a_server_that_watches_notices_what_is_published_elsewhere(
    machines: tuple[Machine, Machine],
) -> None:
    builder, server = machines
    builder.ingest(A)
    builder.pipeline.publish(COLLECTION)
    retrievers = retrievers_of(server)
    retrievers.watch(server.store.collections)
    try:
        assert seen_within(30, retrievers, server, 1)
        builder.ingest(B)
        builder.pipeline.publish(COLLECTION)
        assert seen_within(30, retrievers, server, 2)
    finally:
        retrievers.stop()


def test_a_server_publishes_to_a_bucket_and_answers_from_it(
    tmp_path: Path, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = s3_server.bucket(f"b-{uuid.uuid4().hex[:8]}")
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    app = create_app(settings_in(tmp_path, snapshot_url=f"{url}/ammon"), open_house)
    with TestClient(app, base_url="http://test/api/v1") as client:
        client.post("/collections", json={"name": "papers"})
        job = client.post("/collections/papers/documents", json=[{"text": A.text}]).json()
        deadline = time.monotonic() + 120
        while client.get(f"/jobs/{job['job']}").json()["state"] != "done":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        found = client.post("/collections/papers/query", json={"question": "Who was Molaison?"})
        assert [hit["text"] for hit in found.json()["hits"]] == [A.text]
        assert app.state.core.folders.objects.folders("collections")
        assert client.delete("/collections/papers").status_code == 204
        assert app.state.core.folders.objects.sizes("collections") == {}
