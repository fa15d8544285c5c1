"""Files at a URL."""

import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kg.errors import DependencyMissing, SettingsInvalid, SnapshotUnavailable
from kg.lock import file_lock
from kg.snapshot import objects as objects_module
from kg.snapshot.objects import Objects
from kg.snapshot.urls import open_objects

Patch = pytest.MonkeyPatch


@pytest.fixture
def afar() -> Objects:
    """As on servers whose files cannot be locked."""
    return open_objects(f"memory://{uuid.uuid4().hex}")


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return open_objects(tmp_path.as_uri())


def test_a_file_is_read_as_it_was_written(objects: Objects) -> None:
    objects.write("a/b", b"one")
    objects.write("a/b", b"two")
    assert objects.read("a/b") == b"two"
    assert objects.sizes("a") == {"b": 3}


def test_what_is_not_there_is_not_found(objects: Objects) -> None:
    with pytest.raises(FileNotFoundError):
        objects.read("a/b")
    objects.remove("a/b")
    objects.remove_folder("a")
    assert objects.sizes("a") == {}


def test_a_file_is_replaced_only_as_it_was_seen(objects: Objects) -> None:
    assert objects.write_over("a", None, b"one")
    assert not objects.write_over("a", None, b"two")
    assert not objects.write_over("a", b"another", b"two")
    assert objects.write_over("a", b"one", b"two")
    assert objects.read("a") == b"two"


def test_a_lock_of_a_process_that_died_is_taken_over(afar: Objects, monkeypatch: Patch) -> None:
    afar.write("a.lock", b"a dead one's")
    monkeypatch.setattr(Objects, "age", lambda self, key: 3600.0)
    assert afar.write_over("a", None, b"one")
    assert "a.lock" not in afar.sizes("")


def test_of_two_that_take_over_a_lock_the_slower_leaves_the_new_one(
    afar: Objects, monkeypatch: Patch
) -> None:
    afar.write("a.lock", b"a dead one's")

    def another_is_quicker(objects: Objects, key: str) -> float:
        monkeypatch.setattr(Objects, "age", lambda self, key: 3600.0)
        objects._break(key)
        assert objects._create(key, b"the quicker one's")
        return 3600.0

    monkeypatch.setattr(Objects, "age", another_is_quicker)
    afar._break("a.lock")
    assert afar.read("a.lock") == b"the quicker one's"


def test_a_lock_that_was_taken_over_is_not_let_go_of_by_its_former_holder(afar: Objects) -> None:
    with afar._locked("a.lock"):
        afar.write("a.lock", b"another's")
    assert afar.read("a.lock") == b"another's"


def test_a_lock_that_is_held_for_too_long_is_told_of(afar: Objects, monkeypatch: Patch) -> None:
    afar.write("a.lock", b"another's")
    monkeypatch.setattr(objects_module, "_LOCK_SECONDS", 0.1)
    monkeypatch.setattr(Objects, "age", lambda self, key: 0.0)
    with pytest.raises(SnapshotUnavailable, match=r"a\.lock has been held by another"):
        afar.write_over("a", None, b"one")


def test_in_a_folder_one_writes_at_a_time(objects: Objects, tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as others, file_lock(tmp_path / "a.lock"):
        written = others.submit(objects.write_over, "a", None, b"one")
        with pytest.raises(TimeoutError):
            written.result(timeout=0.2)
    assert written.result()
    assert not (tmp_path / "a.lock").exists()


def test_folders_are_listed(objects: Objects) -> None:
    for key in ("x/one/1", "x/two/deep/2", "x/3"):
        objects.write(key, b"")
    assert objects.folders("x") == ["one", "two"]


def test_an_unknown_protocol_is_refused() -> None:
    with pytest.raises(SettingsInvalid, match="s3://bucket/folder"):
        open_objects("carrier-pigeon://far/away")


def test_a_protocol_whose_package_is_missing_names_the_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    with pytest.raises(SettingsInvalid, match=r"gs://bucket.*install gcsfs") as raised:
        open_objects("gs://bucket")
    assert "s3://" not in str(raised.value)


def test_a_missing_package_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(DependencyMissing, match=r"\[remote\]"):
        open_objects("s3://bucket")
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(DependencyMissing, match=r"\[remote\]"):
        open_objects("memory://far")


def test_trouble_is_remembered_for_a_while_and_forgotten(
    objects: Objects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert objects.trouble == ""
    (tmp_path / "folder").mkdir()
    with pytest.raises(SnapshotUnavailable, match="Check the network"):
        objects.read("folder")
    assert "Check the network" in objects.trouble
    monkeypatch.setattr(time, "monotonic", lambda: sys.float_info.max)
    assert objects.trouble == ""


def test_a_place_that_can_be_written_is_left_as_it_was(objects: Objects, tmp_path: Path) -> None:
    (tmp_path / "collections").mkdir()
    objects.check()
    assert [path.name for path in tmp_path.iterdir()] == ["collections"]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc here")
@pytest.mark.parametrize("act", ["check", "write_over", "upload"])
def test_a_place_that_cannot_be_made_is_told_with_the_remedy(tmp_path: Path, act: str) -> None:
    objects = open_objects("file:///proc/nowhere")
    (tmp_path / "file").write_bytes(b"one")
    arguments = {"check": (), "write_over": ("a", None, b"one"), "upload": ("a", tmp_path / "file")}
    with pytest.raises(SnapshotUnavailable, match="set AMMON_SNAPSHOT_URL"):
        getattr(objects, act)(*arguments[act])
