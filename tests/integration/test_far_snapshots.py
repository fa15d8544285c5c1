"""Snapshots on a real S3 server, shared by several machines, each of which has a mirror."""

import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import structlog

from indexer.progress import StepProgress
from kg.snapshot import remote as remote_module
from kg.snapshot import revision_of
from kg.snapshot.objects import Objects
from kg.sqlite import SQLiteStore
from server.folders import Folders
from tests.doubles.machines import A, B, Machine, machines, objects, texts
from tests.doubles.workshop import COLLECTION, note
from tests.servers.s3 import S3Server, s3_server

__all__ = ["machines", "objects", "s3_server"]


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
from kg.snapshot.objects import Objects
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


def test_a_deleted_collection_leaves_nothing(tmp_path: Path, objects: Objects) -> None:
    folders = Folders(tmp_path, objects)
    shop = Machine(folder=tmp_path / "shop", objects=objects)
    shop.ingest(A)
    shop.pipeline.publish(COLLECTION)
    collection = shop.store.collection(COLLECTION)
    place = folders.snapshots(collection)
    place.publish(place.write(1, shop.snapshot().write))
    folders.clear(collection)
    assert (place.names(), place.current()) == ([], None)
    assert objects.sizes("collections") == {}
