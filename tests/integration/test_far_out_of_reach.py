"""Snapshots on an S3 server that is away, or whose bucket is gone or another one."""

import uuid
from pathlib import Path

import pytest
import structlog

from kg.errors import SnapshotUnavailable
from kg.snapshot.urls import open_objects
from kg.sqlite import SQLiteStore
from tests.doubles.machines import A, B, Machine, machines, objects, retrievers_of, texts
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
