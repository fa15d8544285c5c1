"""Rows put aside in a temporary file: a graph as it was, without a copy of it in memory.

The file has no name and lies where `TMPDIR` says, which must not be a folder in memory.
"""

import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any

from kg.errors import StoreUnavailable

_BLOCK = 1 << 20
"""Bytes that are read at once."""


class Spool:
    """Lists of rows by name, a line of JSON each. What is written once is read any number of times,
    by several iterators at once. Whoever makes one closes it, even while another thread writes."""

    def __init__(self) -> None:
        """An empty one."""
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._parts: dict[str, tuple[int, int]] = {}

    def clear(self) -> None:
        """Forget all that was written. Raises: StoreUnavailable once the spool is closed."""
        self._check()
        self._parts.clear()
        self._file.seek(0)
        self._file.truncate()

    def put(self, name: str, rows: Iterable[Any]) -> None:
        """Write a list. Raises: StoreUnavailable once the spool is closed."""
        self._check()
        start = self._file.tell()
        for row in rows:
            self._check()
            self._file.write(json.dumps(row, separators=(",", ":")).encode())
            self._file.write(b"\n")
        self._file.flush()
        self._parts[name] = start, self._file.tell()

    def rows(self, name: str) -> Iterator[Any]:
        """Read a list. Raises: StoreUnavailable once the spool is closed."""
        offset, end = self._parts[name]
        rest = b""
        while offset < end:
            self._check()
            block = os.pread(self._file.fileno(), min(_BLOCK, end - offset), offset)
            offset += len(block)
            *lines, rest = (rest + block).split(b"\n")
            for line in lines:
                self._check()
                yield json.loads(line)

    def close(self) -> None:
        """Let the file go."""
        self._file.close()

    @property
    def closed(self) -> bool:
        """Whether the file was let go."""
        return self._file.closed

    def _check(self) -> None:
        if self.closed:
            raise StoreUnavailable("The reader was closed: open another one.")
