"""Snapshots on a real S3 server that are not what their manifests say."""

import pytest
import structlog

from kg.errors import SnapshotDamaged
from tests.doubles.machines import A, Machine, machines, objects, texts
from tests.doubles.workshop import COLLECTION
from tests.servers.s3 import s3_server

__all__ = ["machines", "objects", "s3_server"]


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
        "local copy damaged, fetching it again",
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


def test_a_pointer_that_was_overwritten_is_published_over(
    machines: tuple[Machine, Machine],
) -> None:
    one, other = machines
    one.ingest(A)
    one.pipeline.publish(COLLECTION)
    one.objects.write("place/hash-64/CURRENT", b"\xff\xfe\0")
    assert one.pipeline.rebuild(COLLECTION) == other.snapshots().current()
    assert texts(other.snapshots()) == [A.text]
