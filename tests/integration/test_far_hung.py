"""Snapshots on an S3 server that hangs: it takes connections, and says nothing."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient

from kg.errors import SnapshotUnavailable
from kg.snapshot.s3 import S3Objects
from server.http.app import create_app
from tests.doubles.house import open_house, settings_in
from tests.doubles.waiting import Watch, until
from tests.servers.s3 import S3Server, own_s3_server
from tests.servers.sharing import go_on, hang

__all__ = ["own_s3_server"]

SOON = 12.0
"""Who waits is told after about five seconds; more on a busy machine."""


@pytest.fixture
def bucket(own_s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket's URL, whose server goes on at the end of the test."""
    for name, value in own_s3_server.environment.items():
        monkeypatch.setenv(name, value)
    yield own_s3_server.bucket("far")
    go_on(own_s3_server.pid)


def test_a_request_is_refused_soon_and_the_server_ends_in_time(
    tmp_path: Path, own_s3_server: S3Server, bucket: str
) -> None:
    app = create_app(settings_in(tmp_path, snapshot_url=f"{bucket}/ammon"), open_house)
    with ExitStack() as ending:
        client = ending.enter_context(TestClient(app, base_url="http://test/api/v1"))
        assert client.post("/collections", json={"name": "papers"}).is_success
        document = [{"source": "a", "text": "Milner studied Molaison."}]
        job = client.post("/collections/papers/documents", json=document).json()
        until(lambda: client.get(f"/jobs/{job['job']}").json()["state"] == "done")
        hang(own_s3_server.pid)
        requests: list[Callable[[], httpx2.Response]] = [
            lambda: client.delete("/collections/papers"),
            lambda: client.post("/collections", json={"name": "notes"}),
        ]
        for request in requests:
            with Watch() as watch:
                refused = request()
            assert refused.status_code == 503
            assert refused.json()["type"] == "urn:ammon:problem:snapshot-unavailable"
            assert f"{bucket}/ammon: no answer" in refused.json()["detail"]
            assert watch.seconds < SOON
        assert client.get("/collections/papers").is_success, "what was not deleted is there"
        document = [{"source": "b", "text": "Scoville operated on Molaison."}]
        assert client.post("/collections/papers/documents", json=document).is_success
        time.sleep(2.0)  # it tries to publish that
        with Watch() as watch:
            ending.close()
        assert watch.seconds < SOON


def test_a_large_file_is_not_waited_for_longer_than_the_server_is_silent(
    tmp_path: Path, own_s3_server: S3Server, bucket: str
) -> None:
    objects = S3Objects(bucket, own_s3_server.options)
    large = tmp_path / "large"
    large.write_bytes(bytes(30_000_000))
    objects.upload("a", large)
    hang(own_s3_server.pid)
    objects.hasten()
    with Watch() as watch:
        with pytest.raises(SnapshotUnavailable, match="no answer"):
            objects.upload("b", large)
        with pytest.raises(SnapshotUnavailable, match="no answer"):
            objects.download("a", tmp_path / "copy")
    assert watch.seconds < 2 * SOON
    go_on(own_s3_server.pid)
    objects.download("a", tmp_path / "copy")
    assert (tmp_path / "copy").stat().st_size == large.stat().st_size
