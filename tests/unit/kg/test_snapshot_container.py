import errno
import json
import mmap
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.errors import SnapshotDamaged, SnapshotUnavailable, SnapshotVersionUnknown
from kg.snapshot import SnapshotReader, SnapshotWriter, Strings
from kg.snapshot.container import MANIFEST, Manifest

NUMBERS = np.arange(1000, dtype=np.int32)
TEXTS = ["", "Ann", "丹", "\x00", "🧠 " * 50]


def write(path: Path) -> Manifest:
    writer = SnapshotWriter(path)
    writer.put("numbers", NUMBERS)
    writer.put("nothing", np.zeros((0, 3), dtype=np.float32))
    writer.put_strings("texts", Strings.of(TEXTS))
    return writer.finish(
        collection="library 図",
        revision=7,
        models={"embedder": "m"},
        counts={"numbers": 1000},
        properties={"cased": True},
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write(tmp_path / "snapshot")
    return tmp_path / "snapshot"


def edit(path: Path, change: Callable[[dict[str, object]], None]) -> None:
    """Alter a manifest as a person would, with an editor."""
    body = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    change(body)
    (path / MANIFEST).write_text(json.dumps(body), encoding="utf-8")


def test_arrays_come_back_with_shape_and_type(path: Path) -> None:
    reader = SnapshotReader.open(path)
    np.testing.assert_array_equal(reader.array("numbers"), NUMBERS)
    assert reader.array("numbers").dtype == np.int32
    assert reader.array("nothing").shape == (0, 3)


def test_strings_come_back(path: Path) -> None:
    strings = SnapshotReader.open(path).strings("texts")
    assert list(strings) == TEXTS
    assert (len(strings), strings[2]) == (5, "丹")


@pytest.mark.parametrize(("size", "base"), [(1000, bytes), (1 << 16, mmap.mmap)])
def test_arrays_are_read_only_and_large_ones_mapped(
    tmp_path: Path, size: int, base: type[object]
) -> None:
    writer = SnapshotWriter(tmp_path / "snapshot")
    writer.put("numbers", np.arange(size, dtype=np.int32))
    writer.finish(collection="c", revision=1, models={}, counts={}, properties={})
    numbers = SnapshotReader.open(tmp_path / "snapshot").array("numbers")
    assert isinstance(numbers.base, base)
    with pytest.raises(ValueError, match="read-only"):
        numbers[0] = 1


def test_the_manifest_says_what_was_written(path: Path) -> None:
    manifest = SnapshotReader.open(path).manifest
    assert (manifest.collection, manifest.revision) == ("library 図", 7)
    assert (manifest.models, manifest.counts) == ({"embedder": "m"}, {"numbers": 1000})
    assert manifest.properties == {"cased": True}
    assert sorted(manifest.files) == [
        "nothing.npy",
        "numbers.npy",
        "texts.data.npy",
        "texts.offsets.npy",
    ]


def test_the_same_content_gives_the_same_manifest(tmp_path: Path) -> None:
    assert write(tmp_path / "a").dumps() == write(tmp_path / "b").dumps()


def test_an_existing_folder_is_not_written_into(path: Path) -> None:
    with pytest.raises(FileExistsError):
        SnapshotWriter(path)


@pytest.mark.parametrize("offset", [0, 1, 200, -1])
def test_a_damaged_byte_is_refused(path: Path, offset: int) -> None:
    data = bytearray((path / "numbers.npy").read_bytes())
    data[offset] ^= 1
    (path / "numbers.npy").write_bytes(data)
    with pytest.raises(SnapshotDamaged, match=r"numbers\.npy is damaged.*ammon rebuild"):
        SnapshotReader.open(path)


def test_a_damaged_byte_of_a_big_snapshot_is_found_when_asked_for(path: Path) -> None:
    data = bytearray((path / "numbers.npy").read_bytes())
    data[-1] ^= 1
    (path / "numbers.npy").write_bytes(data)
    reader = SnapshotReader.open(path, verify_up_to=100)
    with pytest.raises(SnapshotDamaged, match="is damaged"):
        reader.verify()


def test_a_truncated_file_is_refused_whatever_its_size(path: Path) -> None:
    data = (path / "numbers.npy").read_bytes()
    (path / "numbers.npy").write_bytes(data[:-10])
    with pytest.raises(SnapshotDamaged, match=rf"{len(data) - 10} bytes.*ammon rebuild"):
        SnapshotReader.open(path, verify_up_to=0)


def test_a_missing_file_is_refused(path: Path) -> None:
    (path / "texts.data.npy").unlink()
    with pytest.raises(SnapshotDamaged, match=r"texts\.data\.npy is missing.*ammon rebuild"):
        SnapshotReader.open(path)


def test_a_missing_manifest_is_refused(path: Path) -> None:
    (path / MANIFEST).unlink()
    with pytest.raises(SnapshotDamaged, match=r"Cannot read .*manifest\.json.*ammon rebuild"):
        SnapshotReader.open(path)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "null", '{"sha256": "x"}', "\udcff"])
def test_a_manifest_that_is_none_is_refused(path: Path, text: str) -> None:
    (path / MANIFEST).write_text(text, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(SnapshotDamaged, match="ammon rebuild"):
        SnapshotReader.open(path)


@pytest.mark.parametrize("key", ["revision", "collection", "counts", "models", "properties"])
def test_a_changed_manifest_is_refused(path: Path, key: str) -> None:
    edit(path, lambda body: body.update({key: "other"}))
    with pytest.raises(SnapshotDamaged, match=r"checksum.*ammon rebuild"):
        SnapshotReader.open(path)


@pytest.mark.parametrize(
    ("key", "value"), [("version", 1), ("version", 3), ("version", "2"), ("format", "other")]
)
def test_an_unknown_format_is_refused_with_what_is_known(
    path: Path, key: str, value: object
) -> None:
    edit(path, lambda body: body.update({key: value}))
    with pytest.raises(SnapshotVersionUnknown, match=r"reads 'ammon-snapshot' version 2.*rebuild"):
        SnapshotReader.open(path)


def test_a_remedy_names_the_collection_where_the_manifest_does(path: Path) -> None:
    (path / "numbers.npy").write_bytes(b"rubbish")
    with pytest.raises(SnapshotDamaged, match="--collection 'library 図'"):
        SnapshotReader.open(path)
    edit(path, lambda body: body.update(version=1))
    with pytest.raises(SnapshotVersionUnknown, match=r"has the format.*'library 図'"):
        SnapshotReader.open(path)


def test_a_column_that_the_snapshot_lacks_is_told(path: Path) -> None:
    with pytest.raises(SnapshotDamaged, match=r"has no file other\.npy"):
        SnapshotReader.open(path).array("other")


def test_a_file_that_went_missing_after_opening_is_told(path: Path) -> None:
    reader = SnapshotReader.open(path)
    (path / "numbers.npy").unlink()
    with pytest.raises(SnapshotDamaged, match=r"Cannot read .*numbers\.npy.*ammon rebuild"):
        reader.array("numbers")
    with pytest.raises(SnapshotDamaged, match=r"Cannot read .*numbers\.npy.*ammon rebuild"):
        reader.verify()


def test_where_memory_runs_out_nothing_is_damaged(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Path) -> None:
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    reader = SnapshotReader.open(path)
    monkeypatch.setattr("kg.snapshot.container.map_array", full)
    with pytest.raises(SnapshotUnavailable, match=r"Cannot map .*numbers\.npy.*max_map_count"):
        reader.array("numbers")


def test_a_file_that_is_no_array_is_told(tmp_path: Path) -> None:
    """Its checksum is right, as when another version wrote it so."""
    writer = SnapshotWriter(tmp_path / "s")
    writer.put("a", np.array([{}], dtype=object).astype("U2"))
    writer.finish(collection="c", revision=1, models={}, counts={}, properties={})
    reader = SnapshotReader.open(tmp_path / "s")
    (tmp_path / "s" / "a.npy").write_bytes(b"no array")
    with pytest.raises(SnapshotDamaged, match=r"a\.npy.*ammon rebuild"):
        reader.array("a")


@given(st.lists(st.text(alphabet=st.characters(codec="utf-8")), max_size=20))
def test_any_strings_survive(texts: list[str]) -> None:
    strings = Strings.of(texts)
    assert list(strings) == texts
    assert strings.data.dtype == np.uint8


def test_half_a_surrogate_pair_becomes_a_question_mark() -> None:
    assert list(Strings.of(["a\ud800b"])) == ["a?b"]
