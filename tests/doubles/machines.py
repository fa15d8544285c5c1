"""Machines that share a store, and snapshots on a real S3 server; each has a mirror of its own."""

import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest

from kg.snapshot import Snapshots
from kg.snapshot.objects import Objects
from kg.snapshot.urls import open_objects
from kg.sqlite import SQLiteStore
from server.retrievers import Retrievers
from tests.doubles.far import far
from tests.doubles.hash_embedder import HashEmbedder
from tests.doubles.workshop import Workshop, note
from tests.servers.s3 import S3Server

A = note("a", "Milner studied Molaison.")
B = note("b", "Scoville operated on Molaison.")


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
    """The passages of the snapshot that is current."""
    reader = snapshots.open()
    return sorted(reader.strings("passages.text"))


def retrievers_of(machine: Machine) -> Retrievers:
    """What a server on this machine answers with."""
    return Retrievers(
        lambda found: machine.snapshots(found.settings.embedder), lambda _: HashEmbedder(64)
    )
