"""Snapshots in a shared folder that may be away, and what a machine knows of them."""

from pathlib import Path

import pytest

from kg.errors import SnapshotUnavailable
from kg.snapshot.objects import Objects
from kg.snapshot.remote import RemoteSnapshots
from kg.snapshot.urls import open_objects
from tests.conformance.snapshots import write
from tests.doubles.far import far

_REMEDY = "Mount it, or set AMMON_SNAPSHOT_URL"


@pytest.fixture
def share(tmp_path: Path) -> Path:
    """A folder that was set up for snapshots."""
    folder = tmp_path / "mnt" / "share"
    (folder / "collections").mkdir(parents=True)
    return folder


@pytest.fixture
def objects(share: Path) -> Objects:
    return open_objects(share.as_uri())


@pytest.fixture
def place(objects: Objects, tmp_path: Path) -> RemoteSnapshots:
    return far(objects, tmp_path / "mirror")


def published(place: RemoteSnapshots, revision: int = 1) -> str:
    name = write(place, revision)
    place.publish(name)
    return name


def test_the_first_snapshot_comes_into_a_folder_that_was_set_up(
    place: RemoteSnapshots, share: Path
) -> None:
    assert place.current() is None
    name = write(place, 1)
    assert place.publish_over(None, name)
    assert (share / place.place / "CURRENT").read_text(encoding="utf-8") == name


@pytest.mark.parametrize("left", ["no folder", "an empty folder"])
def test_a_folder_that_nobody_set_up_is_out_of_reach_and_stays_as_it_is(
    place: RemoteSnapshots, objects: Objects, share: Path, left: str
) -> None:
    (share / "collections").rmdir()
    if left == "no folder":
        share.rmdir()
    for act in (place.current, place.open, lambda: write(place, 1), place.names, objects.check):
        with pytest.raises(SnapshotUnavailable, match="create a folder 'collections' in it"):
            act()
    assert not share.exists() or list(share.iterdir()) == []
    assert place.mirror.folder.names() == []


@pytest.mark.parametrize("left", ["no folder", "an empty folder"])
def test_a_share_that_is_not_mounted_is_out_of_reach(
    place: RemoteSnapshots, share: Path, tmp_path: Path, left: str
) -> None:
    name = published(place)
    share.rename(tmp_path / "elsewhere")
    if left == "an empty folder":
        share.mkdir()
    assert place.current() == name
    assert int(place.open().array("numbers").sum()) == 4950
    for act in (
        lambda: write(place, 2),
        lambda: place.publish(name),
        lambda: place.publish_over(name, name),
        lambda: place.manifest(name),
        place.names,
        place.prune,
        place.sweep,
        place.clear,
    ):
        with pytest.raises(SnapshotUnavailable, match=f"{share.as_uri()}.*{_REMEDY}"):
            act()
    assert place.current() == name
    assert not share.exists() or list(share.iterdir()) == []


def test_a_share_that_is_mounted_again_goes_on(
    place: RemoteSnapshots, share: Path, tmp_path: Path
) -> None:
    name = published(place)
    share.rename(tmp_path / "elsewhere")
    assert place.current() == name
    (tmp_path / "elsewhere").rename(share)
    newer = write(place, 2)
    assert place.publish_over(name, newer)
    assert place.current() == newer


def test_in_a_folder_that_was_emptied_on_purpose_one_begins_anew(
    place: RemoteSnapshots, share: Path, tmp_path: Path
) -> None:
    published(place)
    share.rename(tmp_path / "elsewhere")
    (share / "collections").mkdir(parents=True)
    assert place.current() is None
    assert place.publish_over(None, write(place, 2))


@pytest.mark.parametrize("protocol", ["file", "memory"])
def test_a_collection_that_was_deleted_elsewhere_is_forgotten(
    share: Path, tmp_path: Path, protocol: str
) -> None:
    objects = open_objects(f"{protocol}://{share}")
    one, other = far(objects, tmp_path / "one"), far(objects, tmp_path / "other")
    name = published(one)
    assert other.open().path.name == name
    one.clear()
    assert other.current() is None
    assert other.mirror.remembered(objects.url) is None


def test_another_url_does_not_touch_what_is_known_of_the_first(
    place: RemoteSnapshots, share: Path, tmp_path: Path
) -> None:
    name = published(place)
    (tmp_path / "empty" / "collections").mkdir(parents=True)
    empty = open_objects((tmp_path / "empty").as_uri())
    strayed = far(empty, place.path)
    assert strayed.current() is None
    for revision in range(2, 8):
        published(strayed, revision)
        strayed.prune()
    share.rename(tmp_path / "elsewhere")
    assert place.open().path.name == name


def test_a_deleted_collection_leaves_no_empty_folder(
    objects: Objects, place: RemoteSnapshots, share: Path, tmp_path: Path
) -> None:
    other = far(objects, tmp_path / "mirror of f", "collections/c/snapshots/f")
    published(place)
    published(other)
    place.clear()
    assert [path.name for path in (share / "collections/c/snapshots").iterdir()] == ["f"]
    other.clear()
    assert list((share / "collections").iterdir()) == []


@pytest.mark.parametrize("nonsense", [b"\xff\xfe", b"../.."])
def test_a_note_of_no_snapshot_is_no_note(
    place: RemoteSnapshots, tmp_path: Path, nonsense: bytes
) -> None:
    published(place)
    (note,) = (tmp_path / "mirror").glob("of-*/CURRENT")
    note.write_bytes(nonsense)
    (tmp_path / "mirror" / "CURRENT").write_bytes(nonsense)
    assert place.mirror.remembered(place.objects.url) is None
    place.prune()
    assert place.current() is not None
