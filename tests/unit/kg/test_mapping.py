"""Arrays of files are mapped as NumPy maps them."""

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from kg.snapshot.mapping import READ_UP_TO_BYTES, map_array

WRITTEN = [
    np.arange(5, dtype=dtype)
    for dtype in ("i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8")
] + [
    np.array([True, False]),
    np.zeros(0, dtype=np.int32),
    np.zeros((0, 3), dtype=np.float16),
    np.ones((3, 4), dtype=np.float32),
    np.arange(24, dtype=np.int64).reshape(2, 3, 4),
]
UNUSUAL = [
    np.arange(6, dtype=np.float32).reshape(2, 3).T,
    np.arange(3).astype(">i4"),
    np.array(7),
    np.array(["a", "b"]),
    np.arange(3, dtype=np.complex64),
]


def written(folder: Path, array: npt.NDArray[Any]) -> Path:
    np.save(folder / "array.npy", array, allow_pickle=False)
    return folder / "array.npy"


def agree(found: npt.NDArray[Any], array: npt.NDArray[Any]) -> None:
    assert (found.dtype, found.shape, found.flags.writeable) == (array.dtype, array.shape, False)
    np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize("array", WRITTEN, ids=lambda one: f"{one.dtype}-{one.shape}")
def test_an_array_is_mapped_without_numpys_parser(
    tmp_path: Path, array: npt.NDArray[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(np, "load", pytest.fail)
    agree(map_array(written(tmp_path, array)), array)


@pytest.mark.parametrize("array", UNUSUAL, ids=lambda one: f"{one.dtype}-{one.shape}")
def test_an_unusual_array_is_mapped_too(tmp_path: Path, array: npt.NDArray[Any]) -> None:
    agree(map_array(written(tmp_path, array)), array)


@pytest.mark.parametrize("cut", [0, 5, 9, 40, 130])
def test_a_file_that_is_cut_is_no_array(tmp_path: Path, cut: int) -> None:
    file = written(tmp_path, np.arange(100, dtype=np.int32))
    file.write_bytes(file.read_bytes()[:cut])
    with pytest.raises(ValueError):
        map_array(file)


def with_shape(shape: str) -> bytes:
    """A file of 100 bytes that says that it has a shape."""
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + bytes(100)


def test_a_shape_is_taken_as_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(with_shape("(4, 25)"))
    assert map_array(tmp_path / "a.npy").shape == (4, 25)


@pytest.mark.parametrize("shape", ["(-1,)", "(1 2,)", f"({10**20},)", "(101,)", "100"])
def test_a_shape_that_cannot_be_is_refused(tmp_path: Path, shape: str) -> None:
    (tmp_path / "a.npy").write_bytes(with_shape(shape))
    with pytest.raises(ValueError):
        map_array(tmp_path / "a.npy")


def opened(file: Path) -> int:
    """How many descriptors of this process are the file's."""
    return sum(os.path.realpath(one) == str(file) for one in Path("/proc/self/fd").iterdir())


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="the system does not tell")
def test_no_file_stays_open(tmp_path: Path) -> None:
    file = written(tmp_path, np.arange(20_000, dtype=np.int32))
    for _ in range(10):
        map_array(file)
    assert opened(file) == 0
    array = map_array(file)
    assert array.size == 20_000
    # Before Python 3.13 a map has a descriptor as long as it lives.
    assert opened(file) == (0 if sys.version_info >= (3, 13) else 1)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="the system does not tell")
def test_a_small_array_holds_no_file_open(tmp_path: Path) -> None:
    file = written(tmp_path, np.arange(100, dtype=np.int64))
    array = map_array(file)
    assert opened(file) == 0
    assert not array.flags.writeable
    assert array.flags.aligned
    assert array.sum() == 4950


@pytest.mark.parametrize("excess", [0, 1])
def test_read_or_mapped_an_array_is_the_same(tmp_path: Path, excess: int) -> None:
    array = np.arange(READ_UP_TO_BYTES - 128 + excess, dtype=np.uint8)
    file = written(tmp_path, array)
    assert file.stat().st_size == READ_UP_TO_BYTES + excess
    agree(map_array(file), array)
