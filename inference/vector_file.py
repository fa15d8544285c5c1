"""The embedding cache's file: vectors by content hash."""

import json
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import RLock
from typing import TypeVar

import apsw

from kg.errors import CacheUnavailable

_LOG = logging.getLogger(__name__)
_BUSY_MS = 60_000
_Result = TypeVar("_Result")

# A page of this size holds ten vectors of 384 floats with little waste.
_OPEN = """
PRAGMA page_size = 16384;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS model (id TEXT PRIMARY KEY, dimension INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS vector (key BLOB PRIMARY KEY, data BLOB NOT NULL) STRICT;
"""
# Freed pages are reused, so that the file does not grow.
_USED_BYTES = """
SELECT (page_count - freelist_count) * page_size
FROM pragma_page_count, pragma_freelist_count, pragma_page_size
"""
_FORGET_TENTH = """
DELETE FROM vector
WHERE rowid <= (SELECT min(rowid) + (max(rowid) - min(rowid)) / 10 FROM vector)
"""
_DIMENSION = "SELECT dimension FROM model WHERE id = ?"
_READ = """
SELECT vector.key, vector.data
FROM json_each(?) AS wanted JOIN vector ON vector.key = unhex(wanted.value)
"""
_WRITE_MODEL = "INSERT INTO model VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET dimension = ?2"
_WRITE_VECTOR = "INSERT INTO vector VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET data = ?2"


class VectorFile:
    """Keys to bytes in SQLite, and each model's dimension. For several threads and processes.

    A damaged file is renamed to `NAME.damaged` and replaced by a new one: its contents can be
    computed again. A file above its size limit drops its oldest entries. Where the file is not
    writable and does not exist, the cache is empty and stores nothing.
    """

    def __init__(self, path: Path, most_bytes: int = 0) -> None:
        """Open or create the file and its parent folders; `most_bytes` 0: no size limit.

        Raises: CacheUnavailable.
        """
        self._path = path
        self._most_bytes = most_bytes
        self._lock = RLock()
        self._place = str(path) if _may_be_written(path) else ":memory:"
        try:
            if self._place != ":memory:":
                path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unavailable(error) from error
        self._connection: apsw.Connection | None = None
        self.dimension("")  # opens the file, or finds that it cannot

    def dimension(self, model_id: str) -> int | None:
        """The length of a model's vectors; None if there are none yet."""
        row = self._do(lambda connection: connection.execute(_DIMENSION, (model_id,)).fetchone())
        return None if row is None else int(row[0])

    def read(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """The data of those of the keys that are present."""
        wanted = json.dumps([key.hex() for key in keys])

        def select(connection: apsw.Connection) -> dict[bytes, bytes]:
            rows = connection.execute(_READ, (wanted,))
            return {key: data for key, data in rows if isinstance(key, bytes)}

        return self._do(select)

    def write(self, model_id: str, dimension: int, rows: Mapping[bytes, bytes]) -> None:
        """Store some vectors of one model, in one transaction."""

        def insert(connection: apsw.Connection) -> None:
            with connection:
                connection.execute(_WRITE_MODEL, (model_id, dimension))
                connection.executemany(_WRITE_VECTOR, rows.items()).fetchall()
                while self._most_bytes and _used_bytes(connection) > self._most_bytes:
                    connection.execute(_FORGET_TENTH)
                    if not connection.changes():
                        break

        self._do(insert)

    def close(self) -> None:
        """Close the file; a later call opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _do(self, action: Callable[[apsw.Connection], _Result]) -> _Result:
        with self._lock:
            try:
                return self._attempt(action)
            except (apsw.NotADBError, apsw.CorruptError) as error:
                self._set_aside(error)
                return self._attempt(action)

    def _attempt(self, action: Callable[[apsw.Connection], _Result]) -> _Result:
        try:
            if self._connection is None:
                self._connection = _open(self._place)
            return action(self._connection)
        except (apsw.NotADBError, apsw.CorruptError):
            raise
        except apsw.Error as error:
            raise self._unavailable(error) from error

    def _set_aside(self, error: apsw.Error) -> None:
        """Move a damaged file out of the way, unless another process has done so already."""
        self.close()
        if self._is_sound():
            return
        _LOG.warning(
            "The embedding cache %s is damaged (%s); it is kept as %s.damaged, and a new one is "
            "started.",
            self._path,
            error,
            self._path.name,
        )
        for ending in ("-wal", "-shm"):
            self._path.with_name(self._path.name + ending).unlink(missing_ok=True)
        if self._path.exists():
            self._path.replace(self._path.with_name(self._path.name + ".damaged"))

    def _is_sound(self) -> bool:
        try:
            connection = apsw.Connection(str(self._path))
            try:
                return bool(connection.pragma("quick_check") == "ok")
            finally:
                connection.close()
        except apsw.Error:
            return False

    def _unavailable(self, error: Exception) -> CacheUnavailable:
        return CacheUnavailable(
            f"Cannot use the embedding cache {self._path}: {error}. Check that its folder is "
            "writable and has space, and that no other process locks it for minutes."
        )


def _used_bytes(connection: apsw.Connection) -> int:
    return int(next(connection.execute(_USED_BYTES))[0])


def _may_be_written(path: Path) -> bool:
    """Whether a file, and the files that SQLite puts beside it, can be written or created."""
    if path.exists() and not os.access(path, os.W_OK):
        return False
    folder = next((above for above in path.parents if above.exists()), path.parent)
    return not folder.is_dir() or os.access(folder, os.W_OK)


def _open(place: str) -> apsw.Connection:
    """A file, or ':memory:', in which nothing may be kept."""
    connection = apsw.Connection(place)
    until = time.monotonic() + _BUSY_MS / 1000
    try:
        connection.set_busy_timeout(_BUSY_MS)
        while True:
            try:
                # apsw runs a script only as far as it is read.
                connection.execute(_OPEN).fetchall()
                if place == ":memory:":
                    connection.pragma("query_only", True)
                return connection
            except apsw.BusyError:  # raised at once if another process creates it, too
                if time.monotonic() > until:
                    raise
                time.sleep(0.01)
    except apsw.Error:
        connection.close()
        raise
