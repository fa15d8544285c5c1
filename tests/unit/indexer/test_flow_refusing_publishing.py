"""Snapshots that one worker cannot publish are left to the others, and it says so."""

import time
from pathlib import Path

import pytest

from indexer.publisher import Publisher
from indexer.refusals import Refusal, refusals
from kg.errors import (
    DependencyMissing,
    ModelUnavailable,
    SnapshotUnavailable,
    StoreOverloaded,
    StoreUnavailable,
)
from kg.records import Collection
from tests.doubles.office import NOTES, Office
from tests.doubles.two_workers import QUICKLY, Two, away, wrong_key
from tests.doubles.workshop import COLLECTION, SETTINGS


def test_a_snapshot_that_nobody_can_embed_for_is_not_asked_for_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = Two(tmp_path, away)
    monkeypatch.setattr(two.bad._pauses, "refused", lambda kind: {COLLECTION})
    two.office.broker.send("publish", {"collection": COLLECTION})
    two.office.broker.send("embed", {"collection": COLLECTION, "texts": {}})
    two.office.broker.deliver(two.bad)
    assert two.office.broker.steps() == []


def test_a_worker_without_the_embedder_leaves_publishing_to_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise DependencyMissing("torch", "gpu")

    two = Two(tmp_path, wrong_key)
    two.office.submit(NOTES[0])
    two.office.broker.deliver(two.office.flow, lambda step: step not in ("embed", "publish"))
    monkeypatch.setattr(two.bad.tools.pipeline, "publish", fails)
    two.office.broker.send("publish", {"collection": COLLECTION})
    two.bad_takes(1)
    (refusal,) = two.refused()
    assert (refusal.step, "torch" in refusal.reason) == ("publish", True)
    two.office.broker.send("publish", {"collection": COLLECTION})
    two.bad_takes(3)
    two.office.work()
    assert two.office.shop.snapshots().current() is not None


@pytest.mark.parametrize(
    "error",
    [
        ModelUnavailable("The embedding model cannot be reached"),
        SnapshotUnavailable("The bucket cannot be reached"),
        PermissionError("The folder is read-only"),
        StoreOverloaded("Neo4j has no memory left"),
        StoreUnavailable("The file of this machine's cache is read-only"),
    ],
)
def test_why_a_snapshot_is_not_published_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(*_: object) -> None:
        raise error

    two = Two(tmp_path, wrong_key)
    monkeypatch.setattr(two.bad.tools.pipeline, "publish", fails)
    two.office.broker.send("publish", {"collection": COLLECTION})
    two.bad_takes(1)
    assert two.refused() == [
        Refusal(worker="attic (process 77)", step="publish", reason=str(error))
    ]
    monkeypatch.undo()
    time.sleep(1.1)
    two.office.broker.send("publish", {"collection": COLLECTION})
    two.bad_takes(1)
    assert two.refused() == []


def test_why_nobody_knows_whether_a_snapshot_is_stale_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path, times=QUICKLY)
    office.shop.store.create_collection("another", SETTINGS)
    stale = Publisher.stale

    def fails(self: Publisher, collection: Collection) -> bool:
        if collection.name == "another":
            raise SnapshotUnavailable("The bucket cannot be reached")
        return stale(self, collection)

    monkeypatch.setattr(Publisher, "stale", fails)
    office.sweep()
    (refusal,) = refusals(office.shop.queue, "another")
    assert (refusal.step, refusal.reason) == ("publish", "The bucket cannot be reached")
    assert office.broker.steps() == ["publish"], "the other collection is asked for"


def test_a_worker_that_finds_a_snapshot_published_by_another_refuses_it_no_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise PermissionError("The folder is read-only")

    two = Two(tmp_path, wrong_key)
    two.office.submit(NOTES[0])
    two.office.broker.deliver(two.office.flow, lambda step: step not in ("embed", "publish"))
    with monkeypatch.context() as patch:
        patch.setattr(two.bad.tools.pipeline, "publish", fails)
        two.office.broker.send("publish", {"collection": COLLECTION})
        two.bad_takes(1)
    assert len(two.refused()) == 1
    two.office.broker.send("publish", {"collection": COLLECTION})
    two.office.work()
    assert len(two.refused()) == 1
    two.bad.publish_stale()
    assert two.refused() == []
    assert two.bad._pauses.refused("publish") == set()


def test_of_a_store_that_is_away_nobody_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise StoreUnavailable("nobody there")

    two = Two(tmp_path, wrong_key)
    monkeypatch.setattr(two.bad.tools.pipeline, "publish", fails)
    monkeypatch.setattr(two.bad.tools.store, "probe", fails)
    two.office.broker.send("publish", {"collection": COLLECTION})
    two.bad_takes(1)
    assert two.refused() == []
    assert two.bad._pauses.refused("publish") == set()
