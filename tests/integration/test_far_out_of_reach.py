"""Snapshots on an S3 server that is away, or whose bucket is gone or another one, or that refuses
the key."""

import shutil
import uuid
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
import structlog
from fastapi.testclient import TestClient

from indexer.refusals import refusals
from kg.errors import SnapshotUnavailable
from kg.snapshot.urls import open_objects
from kg.sqlite import SQLiteStore
from server.http.app import create_app
from server.settings import Settings
from tests.doubles.command_line import Ammon
from tests.doubles.house import open_house, settings_in
from tests.doubles.machines import A, B, Machine, machines, objects, retrievers_of, texts
from tests.doubles.waiting import until
from tests.doubles.workshop import COLLECTION
from tests.servers import s3
from tests.servers.s3 import S3Server, own_s3_server, s3_server
from tests.servers.sharing import free_port, stop

__all__ = ["machines", "objects", "own_s3_server", "s3_server"]


_REMEDY = "Create the bucket, or set AMMON_SNAPSHOT_URL"


def test_without_network_a_server_answers_from_its_mirror(
    tmp_path: Path, own_s3_server: S3Server
) -> None:
    def machine(name: str) -> Machine:
        return Machine(
            folder=tmp_path / name,
            store=SQLiteStore(tmp_path / "store.sqlite"),
            objects=open_objects(f"s3://{bucket}", own_s3_server.options),
        )

    bucket = own_s3_server.bucket("far").removeprefix("s3://")
    builder = machine("one")
    builder.ingest(A)
    builder.pipeline.publish(COLLECTION)
    running = retrievers_of(machine("two"))
    collection = builder.store.collection(COLLECTION)
    assert running.get(collection) is not None
    stop(own_s3_server.pid)
    restarted = retrievers_of(machine("two"))
    with structlog.testing.capture_logs() as told:
        found = restarted.get(collection)
    assert found is not None
    assert list(found.snapshot.passages.text) == [A.text]
    assert [line["event"] for line in told] == ["snapshots unreachable"]
    assert "Check the network" in told[0]["reason"]
    with pytest.raises(SnapshotUnavailable, match="s3://far"):
        retrievers_of(machine("three")).get(collection)
    with pytest.raises(SnapshotUnavailable):
        builder.pipeline.publish(COLLECTION)
    port = int(own_s3_server.endpoint.rpartition(":")[2])
    again = s3.start(own_s3_server.home, s3.installed(), port=port)
    try:
        assert machine("two").snapshots().current() == builder.snapshots("hash-64").current()
    finally:
        stop(int(again["pid"]))


def test_a_bucket_that_is_not_there_is_told_with_the_remedy(
    tmp_path: Path, s3_server: S3Server
) -> None:
    nowhere = open_objects(f"s3://none-{uuid.uuid4().hex[:8]}/ammon", s3_server.options)
    (tmp_path / "file").write_bytes(b"one")
    for act in (
        nowhere.check,
        lambda: nowhere.upload("a", tmp_path / "file"),
        lambda: nowhere.write_over("a", None, b"one"),
        lambda: nowhere.write_over("a", b"one", b"two"),
        lambda: nowhere.read("a"),
        lambda: nowhere.sizes("a"),
        lambda: nowhere.remove("a"),
    ):
        with pytest.raises(SnapshotUnavailable, match=f"{nowhere.url}.*{_REMEDY}"):
            act()


class Elsewhere(BaseHTTPRequestHandler):
    """Answers as a server of something else, which knows nothing of a bucket."""

    body = b""

    def do_GET(self) -> None:
        self.send_response(404)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None: ...


@pytest.mark.parametrize(
    "body",
    [b'{"errors": "no such page"}', b"<html><body><h1>Not Found</h1></body></html>"],
    ids=["JSON", "well-formed HTML"],
)
def test_an_endpoint_that_is_no_s3_server_is_no_empty_bucket(
    body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Elsewhere, "body", body)
    with HTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        endpoint = f"http://127.0.0.1:{server.server_port}"
        options = {"endpoint_url": endpoint, "key": "key", "secret": "secret"}
        found = open_objects("s3://bucket/ammon", options)
        with pytest.raises(
            SnapshotUnavailable, match="no S3 server: check AMMON_SNAPSHOT_ENDP"
        ) as told:
            found.read("CURRENT")
        assert "operation: ." not in str(told.value)
        server.shutdown()


def test_a_bucket_that_is_gone_is_as_a_server_that_is_away(
    machines: tuple[Machine, Machine], s3_server: S3Server
) -> None:
    one, other = machines
    one.ingest(A)
    name = one.pipeline.publish(COLLECTION)
    assert texts(other.snapshots()) == [A.text]
    bucket = s3_server.home / "buckets" / one.objects.url.removeprefix("s3://")
    bucket.rename(bucket.with_name(f"{bucket.name}-gone"))
    with structlog.testing.capture_logs() as told:
        assert other.snapshots().current() == name
        assert texts(other.snapshots()) == [A.text]
    assert [line["event"] for line in told] == ["snapshots unreachable"]
    for publish in (one.pipeline.publish, one.pipeline.rebuild):
        one.ingest(B)
        with pytest.raises(SnapshotUnavailable, match=_REMEDY):
            publish(COLLECTION)
    bucket.with_name(f"{bucket.name}-gone").rename(bucket)
    assert one.pipeline.publish(COLLECTION) == one.snapshots().current() != name


def test_a_wrong_bucket_leaves_what_is_known_of_the_right_one(
    machines: tuple[Machine, Machine], s3_server: S3Server
) -> None:
    one, _ = machines
    one.ingest(A)
    name = one.pipeline.publish(COLLECTION)
    wrong = open_objects(f"s3://none-{uuid.uuid4().hex[:8]}/ammon", s3_server.options)
    strayed = Machine(folder=one.folder, store=one.store, objects=wrong)
    with pytest.raises(SnapshotUnavailable, match=f"{wrong.url}.*{_REMEDY}"):
        strayed.snapshots().open()
    with pytest.raises(SnapshotUnavailable, match=f"{wrong.url}.*{_REMEDY}"):
        strayed.pipeline.rebuild(COLLECTION)
    empty = open_objects(s3_server.bucket(f"b-{uuid.uuid4().hex[:8]}"), s3_server.options)
    assert Machine(folder=one.folder, objects=empty).snapshots().current() is None
    away = open_objects(
        one.objects.url, {**s3_server.options, "endpoint_url": f"http://127.0.0.1:{free_port()}"}
    )
    back = Machine(folder=one.folder, store=one.store, objects=away)
    assert back.snapshots().current() == name
    assert texts(back.snapshots()) == [A.text]


def test_what_could_not_be_published_is_published_once_the_bucket_is_back(
    machines: tuple[Machine, Machine], s3_server: S3Server
) -> None:
    def told() -> list[str]:
        return [one.reason for one in refusals(one_machine.queue, COLLECTION)]

    one_machine, other = machines
    bucket = s3_server.home / "buckets" / one_machine.objects.url.removeprefix("s3://")
    bucket.rename(bucket.with_name(f"{bucket.name}-gone"))
    worker = one_machine.worker()
    worker.start()
    try:
        one_machine.pipeline.submit(COLLECTION, [A])
        until(lambda: any(_REMEDY in reason for reason in told()))
        bucket.with_name(f"{bucket.name}-gone").rename(bucket)
        until(lambda: told() == [])
    finally:
        worker.stop()
    assert texts(other.snapshots()) == [A.text]


def settings_with(server: S3Server, folder: Path, url: str, secret: str) -> Settings:
    return settings_in(
        folder,
        snapshot_url=url,
        snapshot_endpoint=server.endpoint,
        snapshot_access_key=server.key,
        snapshot_secret_key=secret,
    )


def test_a_server_with_a_wrong_secret_is_ready_only_if_it_has_copies(
    tmp_path: Path, s3_server: S3Server
) -> None:
    def ready(secret: str) -> tuple[int, dict[str, object]]:
        app = create_app(settings_with(s3_server, tmp_path, url, secret), open_house)
        with TestClient(app, base_url="http://test/api/v1") as client:
            answer = client.get("/health/ready")
            return answer.status_code, answer.json()

    url = s3_server.bucket(f"b-{uuid.uuid4().hex[:8]}")
    status, told = ready("wrong")
    assert status == 503
    assert "access keys" in str(told["detail"])
    core = open_house(settings_with(s3_server, tmp_path, url, s3_server.secret))
    core.create_collection(COLLECTION)
    core.submit(COLLECTION, [A])
    core.worker.run_until_empty(COLLECTION)
    core.close()
    assert ready(s3_server.secret) == (200, {"status": "ok", "warnings": []})
    status, told = ready("wrong")
    assert (status, told["status"]) == (200, "ok")
    assert "access keys" in str(told["warnings"])


def test_the_status_names_a_wrong_secret(
    ammon: Ammon, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = s3_server.bucket(f"b-{uuid.uuid4().hex[:8]}")
    monkeypatch.setenv("AMMON_SNAPSHOT_URL", url)
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    assert ammon("status", "--json").json["snapshots_unreachable"] == ""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    told = ammon("status")
    assert (told.code, url in told.out) == (0, True)
    assert "signature" in told.complaint
    assert "access keys" in told.complaint
    assert "signature" in ammon("status", "--json").json["snapshots_unreachable"]


def test_a_collection_without_a_copy_is_told_as_such_while_the_secret_is_wrong(
    ammon: Ammon, tmp_path: Path, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMMON_SNAPSHOT_URL", s3_server.bucket(f"b-{uuid.uuid4().hex[:8]}"))
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "a.txt").write_text(A.text, encoding="utf-8")
    assert ammon("ingest", tmp_path / "a.txt").code == 0
    shutil.rmtree(tmp_path / "data" / "collections")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    (told,) = ammon("status", "--json").json["collections"]
    assert (told["current"], told["snapshot"], "signature" in told["damage"]) == (False, None, True)
    assert "cannot be used: Cannot reach the snapshots" in " ".join(ammon("status").out.split())
    (job,) = ammon("jobs", "--json").json["jobs"]
    assert (job["state"], job["documents_indexed"]) == ("publishing", 0)
