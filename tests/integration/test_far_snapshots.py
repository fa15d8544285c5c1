"""Snapshots on a real S3 server, shared by several machines, each of which has a mirror."""

import signal
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog
from fastapi.testclient import TestClient

from indexer.progress import StepProgress
from kg.errors import SnapshotDamaged, SnapshotUnavailable
from kg.snapshot import Snapshots, revision_of
from kg.snapshot import remote as remote_module
from kg.snapshot.objects import Objects
from kg.snapshot.urls import open_objects
from kg.sqlite import SQLiteStore
from server.folders import Folders
from server.http.app import create_app
from server.retrievers import Retrievers
from tests.doubles.far import far
from tests.doubles.hash_embedder import HashEmbedder
from tests.doubles.house import open_house, settings_in
from tests.doubles.workshop import COLLECTION, Workshop, note
from tests.servers import s3
from tests.servers.s3 import S3Server, own_s3_server, s3_server
from tests.servers.sharing import free_port, stop

__all__ = ["own_s3_server", "s3_server"]


A = note("a", "Milner studied Molaison.")
B = note("b", "Scoville operated on Molaison.")
_REMEDY = "Make the bucket, or correct snapshot_url: set AMMON_SNAPSHOT_URL"


@dataclass(kw_only=True)
class Machine(Workshop):
    """A workshop whose snapshots are far away, and its folder their mirror."""

    objects: Objects

    def snapshots(self, embedder: str = "hash-64") -> Snapshots:
        return far(self.objects, self.folder / embedder, f"place/{embedder}")


@pytest.fixture
def objects(s3_server: S3Server) -> Objects:
    return open_objects(s3_server.bucket(f"b-{uuid.uuid4().hex[:8]}"), s3_server.options)


@pytest.fixture
def machines(tmp_path: Path, objects: Objects) -> tuple[Machine, Machine]:
    """Two machines with one store."""
    store = SQLiteStore(tmp_path / "store.sqlite")
    one, other = (
        Machine(folder=tmp_path / name, store=store, objects=objects) for name in ("one", "other")
    )
    return one, other


def texts(snapshots: Snapshots) -> list[str]:
    reader = snapshots.open()
    return sorted(reader.strings("passages.text"))


def test_what_one_machine_publishes_is_read_on_another(machines: tuple[Machine, Machine]) -> None:
    one, other = machines
    one.ingest(A, B)
    name = one.pipeline.publish(COLLECTION)
    assert other.snapshots().current() == name
    assert texts(other.snapshots()) == sorted([A.text, B.text])
    assert other.pipeline.publish(COLLECTION) is None


def test_of_builders_on_two_machines_one_does_the_work(machines: tuple[Machine, Machine]) -> None:
    one, _ = machines
    one.ingest(A)
    with ThreadPoolExecutor(2) as pool:
        names = list(pool.map(lambda each: each.pipeline.publish(COLLECTION), machines))
    assert len([name for name in names if name]) == 1
    assert len(one.snapshots().names()) == 1


def test_an_older_revision_does_not_replace_a_newer_one(
    machines: tuple[Machine, Machine], tmp_path: Path
) -> None:
    """As when a builder slept so long that its lease ran out, and another one built meanwhile."""
    slow = machines[0]
    later = SQLiteStore(tmp_path / "store.sqlite", clock=lambda: time.time() + 3600)
    quick = Machine(folder=tmp_path / "quick", store=later, objects=slow.objects)
    slow.ingest(A)
    published: list[str] = []

    def overtake(step: StepProgress) -> None:
        if step.step == "gazetteer" and not published:
            quick.ingest(B)
            published.append(str(quick.pipeline.publish(COLLECTION)))

    assert slow.pipeline.publish(COLLECTION, overtake) is None
    assert slow.snapshots().current() == published[0]
    assert texts(slow.snapshots()) == sorted([A.text, B.text])


def test_a_newer_revision_replaces_an_older_one_that_came_meanwhile(
    machines: tuple[Machine, Machine],
) -> None:
    one, other = machines
    one.ingest(A)
    first = one.pipeline.publish(COLLECTION)
    manifest = one.snapshots().manifest(str(first))
    other.ingest(B)

    def come_between(step: StepProgress) -> None:
        between = one.snapshots()
        if step.step == "gazetteer" and between.current() == first:
            snapshot = one.snapshot()
            name = between.write(manifest.revision, snapshot.write)
            assert between.publish_over(first, name)

    name = other.pipeline.publish(COLLECTION, come_between)
    assert name == one.snapshots().current()
    assert revision_of(str(name)) > manifest.revision


def test_a_builder_killed_in_the_middle_leaves_nothing_to_be_seen(
    machines: tuple[Machine, Machine],
    tmp_path: Path,
    s3_server: S3Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, other = machines
    one.ingest(A)
    name = one.pipeline.publish(COLLECTION)
    _die_uploading(one, tmp_path / "third", s3_server)
    left = set(one.objects.folders("place/hash-64")) - {str(name)}
    assert len(left) == 1
    assert one.snapshots().names() == [name]
    assert texts(other.snapshots()) == [A.text]
    one.snapshots().sweep()
    assert left < set(one.objects.folders("place/hash-64"))  # it may be under way elsewhere
    monkeypatch.setattr(remote_module, "UNFINISHED_SECONDS", -60.0)
    one.snapshots().sweep()
    assert one.objects.folders("place/hash-64") == [name]


def _die_uploading(machine: Machine, mirror: Path, server: S3Server) -> None:
    script = f"""
import os, signal, itertools
from pathlib import Path
from kg.snapshot import Snapshot
from kg.snapshot.urls import open_objects
from tests.doubles.far import far
objects = open_objects({machine.objects.url!r}, {server.options!r})
count, upload = itertools.count(), objects.upload
def dying(key, file):
    if next(count) == 9:
        os.kill(os.getpid(), signal.SIGKILL)
    upload(key, file)
objects.upload = dying
place = far(objects, Path({str(mirror)!r}), "place/hash-64")
place.write(9, Snapshot.read(place.open()).write)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[2], check=False
    )
    assert done.returncode == -signal.SIGKILL


def test_damage_in_the_mirror_is_noticed_and_fetched_again(
    machines: tuple[Machine, Machine],
) -> None:
    one, other = machines
    one.ingest(A)
    name = str(one.pipeline.publish(COLLECTION))
    place = other.snapshots()
    assert texts(place) == [A.text]
    file = place.path / name / "passages.text.data.npy"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + b"?")
    with structlog.testing.capture_logs() as told:
        assert texts(place) == [A.text]
    assert [line["event"] for line in told] == [
        "a copy is damaged, and brought anew",
        "snapshot fetched",
    ]
    assert file.read_bytes() == whole


def test_damage_far_away_is_refused_and_built_again(machines: tuple[Machine, Machine]) -> None:
    one, other = machines
    one.ingest(A)
    damaged = str(one.pipeline.publish(COLLECTION))
    file = f"place/hash-64/{damaged}/passages.text.data.npy"
    one.objects.write(file, one.objects.read(file)[:-1] + b"?")
    with pytest.raises(SnapshotDamaged):
        other.snapshots().open()
    assert not (other.snapshots().path / damaged).exists()
    assert other.pipeline.rebuild(COLLECTION) not in (None, damaged)
    assert texts(other.snapshots()) == [A.text]


def test_names_from_elsewhere_lead_nowhere_else(machines: tuple[Machine, Machine]) -> None:
    one, _ = machines
    one.objects.write("place/hash-64/CURRENT", b"../../elsewhere")
    with pytest.raises(SnapshotDamaged, match="elsewhere"):
        one.snapshots().current()


def test_processes_of_a_machine_fetch_once(machines: tuple[Machine, Machine]) -> None:
    one, other = machines
    one.ingest(A)
    one.pipeline.publish(COLLECTION)
    with structlog.testing.capture_logs() as told, ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: other.snapshots().open(), range(4)))
    assert len([line for line in told if line["event"] == "snapshot fetched"]) == 1


def test_a_mirror_keeps_few_snapshots(machines: tuple[Machine, Machine]) -> None:
    one, other = machines
    for number in range(4):
        one.ingest(note(str(number), f"Passage {number}."))
        one.pipeline.publish(COLLECTION)
        other.snapshots().open()
    for machine in machines:
        assert len(machine.snapshots().names()) == 2
        assert len(list(machine.snapshots().path.glob("r*"))) == 3


def retrievers_of(machine: Machine) -> Retrievers:
    return Retrievers(
        lambda found: machine.snapshots(found.settings.embedder), lambda _: HashEmbedder(64)
    )


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
    assert [line["event"] for line in told] == ["snapshots out of reach"]
    assert "See to the network" in told[0]["reason"]
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


def test_a_deleted_collection_leaves_nothing(tmp_path: Path, objects: Objects) -> None:
    folders = Folders(tmp_path, objects)
    shop = Machine(folder=tmp_path / "shop", objects=objects)
    shop.ingest(A)
    shop.pipeline.publish(COLLECTION)
    collection = shop.store.collection(COLLECTION)
    place = folders.snapshots(collection)
    place.publish(place.write(1, shop.snapshot().write))
    folders.clear(COLLECTION)
    assert (place.names(), place.current()) == ([], None)
    assert objects.sizes("collections") == {}


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
    assert [line["event"] for line in told] == ["snapshots out of reach"]
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
        deadline = time.monotonic() + 60
        while client.get(f"/jobs/{job['job']}").json()["state"] != "done":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        found = client.post("/collections/papers/query", json={"question": "Who was Molaison?"})
        assert [hit["text"] for hit in found.json()["hits"]] == [A.text]
        assert app.state.core.folders.objects.folders("collections")
        assert client.delete("/collections/papers").status_code == 204
        assert app.state.core.folders.objects.sizes("collections") == {}
