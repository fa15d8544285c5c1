"""Every place for snapshots against the one suite; S3 is a real server."""

import uuid
from pathlib import Path

import pytest

from kg.snapshot import SnapshotFolder, Snapshots
from kg.snapshot.mirror import Mirror
from kg.snapshot.objects import Objects
from kg.snapshot.remote import RemoteSnapshots
from kg.snapshot.urls import open_objects
from tests.conformance.snapshots import SnapshotsConformance
from tests.servers.s3 import S3Server, s3_server

__all__ = ["s3_server"]


def remote(objects: Objects, folder: Path) -> RemoteSnapshots:
    mirror = Mirror(SnapshotFolder(folder / "snapshots"))
    return RemoteSnapshots(objects, f"collections/{uuid.uuid4().hex}/snapshots/e", mirror)


class TestSnapshotFolder(SnapshotsConformance):
    def scribble(self, place: Snapshots, data: bytes) -> None:
        (place.path / "CURRENT").write_bytes(data)

    @pytest.fixture
    def place(self, tmp_path: Path) -> Snapshots:
        return SnapshotFolder(tmp_path / "snapshots")


class Remote(SnapshotsConformance):
    def scribble(self, place: Snapshots, data: bytes) -> None:
        assert isinstance(place, RemoteSnapshots)
        place.objects.write(f"{place.place}/CURRENT", data)


class TestMemory(Remote):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Snapshots:
        return remote(open_objects("memory://far/away"), tmp_path)


class TestFile(Remote):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Snapshots:
        (tmp_path / "far" / "collections").mkdir(parents=True)
        return remote(open_objects((tmp_path / "far").as_uri()), tmp_path)


@pytest.fixture(scope="module")
def objects(s3_server: S3Server) -> Objects:
    bucket = s3_server.bucket(f"conformance-{uuid.uuid4().hex[:8]}")
    return open_objects(f"{bucket}/far/away", s3_server.options)


class TestS3(Remote):
    @pytest.fixture
    def place(self, tmp_path: Path, objects: Objects) -> Snapshots:
        return remote(objects, tmp_path)
