"""Mapping the arrays of `.npy` files into memory quickly, while questions are being answered.

NumPy parses a file's header as a Python literal, which holds the interpreter lock for longer than
everything else in opening a snapshot. Here, headers in the form that NumPy writes are read with a
regular expression; anything else is left to NumPy.
"""

import mmap
import os
import re
import sys
from math import prod
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

_MAGIC = b"\x93NUMPY\x01\x00"
_START = len(_MAGIC) + 2
"""Where the header begins: after its length, in two bytes, little-endian."""
_HEADER = re.compile(
    rb"\{'descr': '([|][biu]1|<[iuf][248])', 'fortran_order': False, "
    rb"'shape': \(([0-9, ]*)\), \} *\n"
)
READ_UP_TO_BYTES = 65_536
"""Files up to this size are read instead of mapped. Before Python 3.13 each map keeps a file
descriptor, of which a process may have 1,024: too few for a hundred per small collection."""
_OPTIONS: dict[str, Any] = {"trackfd": False} if sys.version_info >= (3, 13) else {}
_PARSING = Lock()
"""NumPy parses a header as a Python literal, and CPython 3.11 crashes if two threads do that at
once."""


def map_array(file: Path) -> npt.NDArray[Any]:
    """The array of a file, read-only. Raises: OSError; ValueError if it does not contain one."""
    with open(file, "rb") as opened:  # noqa: PTH123 - once for each of a hundred files
        if os.fstat(opened.fileno()).st_size <= READ_UP_TO_BYTES:
            data: bytes | mmap.mmap = opened.read()
        else:
            data = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ, **_OPTIONS)
    begin = _START + int.from_bytes(data[len(_MAGIC) : _START], "little")
    header = _HEADER.fullmatch(data[_START:begin])
    if header is None or data[: len(_MAGIC)] != _MAGIC:
        return _read_by_numpy(file)
    dtype = np.dtype(header[1].decode())
    shape = tuple(int(size) for size in header[2].split(b",") if size.strip())
    if begin + dtype.itemsize * prod(shape) > len(data):
        return _read_by_numpy(file)
    return np.ndarray(shape, dtype, buffer=data, offset=begin)


def _read_by_numpy(file: Path) -> npt.NDArray[Any]:
    try:
        with _PARSING:
            return np.asarray(np.load(file, mmap_mode="r", allow_pickle=False))
    except (EOFError, OverflowError) as error:
        raise ValueError(f"it does not contain an array ({error})") from error
