"""Connections and transactions.

A connection serves one operation at a time: it is taken from a pool, or opened, and goes back.
Hence a thread may write while it reads, and threads never wait for each other's connections.

A file that may not be written, or lies in such a folder, is read: whoever writes it has another way
there. While nobody does (then there is no `-wal` beside it), it is read without locks, for which
there is no place; so such a connection serves one operation and no second one.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import TypeVar

import apsw

from kg.errors import (
    InputError,
    StoreClosed,
    StoreRefused,
    StoreUnavailable,
    StoreVersionUnknown,
)

BUSY_SECONDS = 30.0
"""How long to wait for another process's transaction."""

_CHECK_PERMISSIONS = (
    "Check that the folder exists, that its files are writable, and that the disk works."
)
_REMEDIES: dict[type[Exception], str] = {
    apsw.BusyError: f"Another process has locked it for {BUSY_SECONDS:.0f} s: wait, or stop that "
    "process.",
    apsw.LockedError: "Another process has locked it: wait, or stop that process.",
    apsw.FullError: "Free space on the disk.",
    apsw.NotADBError: "This is not a database of Ammon: move it away, or choose another folder.",
    apsw.CorruptError: "It is damaged: restore a backup, or move it away.",
    apsw.ConnectionClosedError: "The store was closed: open it again.",
    apsw.CursorClosedError: "The reader was closed: open a new one.",
    apsw.CantOpenError: _CHECK_PERMISSIONS,
    apsw.IOError: _CHECK_PERMISSIONS,
    apsw.PermissionsError: _CHECK_PERMISSIONS,
    apsw.ProtocolError: _CHECK_PERMISSIONS,
    apsw.ReadOnlyError: _CHECK_PERMISSIONS,
}
_Opened = TypeVar("_Opened")


class Database:
    """One SQLite file. Safe for several threads; several processes may each have one."""

    def __init__(self, path: Path, *, busy_seconds: float = BUSY_SECONDS) -> None:
        """Open or make the file and bring it up to date.

        Raises: StoreUnavailable, StoreVersionUnknown.
        """
        self.path = path
        self._busy_seconds = busy_seconds
        self._lock = threading.Lock()
        self._idle: list[apsw.Connection] = []
        self._closed = False
        self.read_only = path.is_file() and not _may_be_written(path, path.parent)
        """Whether nothing can be changed."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreUnavailable(
                f"Cannot create the folder {path.parent} ({error}). {_CHECK_PERMISSIONS}"
            ) from error
        with self.errors():
            connection = self._patiently(self._open)
            self._migrate(connection)
        self._give_back(connection)

    @contextmanager
    def read(self) -> Iterator[apsw.Connection]:
        """A transaction that sees one state of everything, whatever others write."""
        with self.errors(), self.hold("BEGIN", "ROLLBACK") as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[apsw.Connection]:
        """A transaction that writes; there is one at a time, others wait.

        Raises: StoreRefused if the file may only be read.
        """
        if self.read_only:
            raise StoreRefused(
                f"The store {self.path} is read-only: queries work, changes do not. Give this "
                "user write access to the file and its folder, or choose another folder "
                "(AMMON_DATA_DIR)."
            )
        with self.errors(), self.hold("BEGIN IMMEDIATE", "COMMIT") as connection:
            yield connection

    @contextmanager
    def hold(self, begin: str, end: str) -> Iterator[apsw.Connection]:
        """A transaction whose body's errors are the body's own affair."""
        with self.errors():
            connection = self._take()
        try:
            with self.errors():
                connection.execute(begin)
            yield connection
            with self.errors():
                connection.execute(end)
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._give_back(connection)

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turn what SQLite says of files and locks into StoreUnavailable."""
        try:
            yield
        except tuple(_REMEDIES) as error:
            closed = isinstance(error, apsw.ConnectionClosedError)
            raise (StoreClosed if closed else StoreUnavailable)(
                f"The store {self.path} cannot be used ({error}). {_REMEDIES[type(error)]}"
            ) from error
        except UnicodeEncodeError as error:
            raise InputError(
                f"{error.object!r} contains half of a surrogate pair and is not valid text."
            ) from error

    def close(self) -> None:
        """Close all connections; those in use, as soon as they come back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take(self) -> apsw.Connection:
        with self._lock:
            if self._closed:
                raise apsw.ConnectionClosedError("it is closed")
            if self._idle:
                return self._idle.pop()
        return self._patiently(self._open)

    def _give_back(self, connection: apsw.Connection) -> None:
        with self._lock:
            if not self._closed and not self.read_only:
                self._idle.append(connection)
                return
        connection.close()

    def _open(self) -> apsw.Connection:
        if self.read_only:
            return self._open_to_read()
        connection = apsw.Connection(os.fspath(self.path))
        connection.set_busy_timeout(round(self._busy_seconds * 1000))
        connection.pragma("foreign_keys", True)
        mode = connection.pragma("journal_mode", "wal")
        if mode != "wal":
            connection.close()
            raise StoreUnavailable(
                f"The store {self.path} cannot be used: its file system has no shared memory. "
                "Keep the data in a folder on a local disk (AMMON_DATA_DIR)."
            )
        # In step with snapshots, which are synced: after a power cut none may be newer than this.
        connection.pragma("synchronous", "full")
        return connection

    def _open_to_read(self) -> apsw.Connection:
        written = self.path.with_name(f"{self.path.name}-wal").exists()
        uri = f"{self.path.absolute().as_uri()}?mode=ro{'' if written else '&immutable=1'}"
        connection = apsw.Connection(uri, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
        connection.set_busy_timeout(round(self._busy_seconds * 1000))
        return connection

    def _patiently(self, action: Callable[[], _Opened]) -> _Opened:
        """Switching a new file to WAL fails at once, not after the timeout, if another does so."""
        until = time.monotonic() + self._busy_seconds
        while True:
            try:
                return action()
            except (apsw.BusyError, apsw.LockedError):
                if time.monotonic() > until:
                    raise
                time.sleep(0.01)

    def _migrate(self, connection: apsw.Connection) -> None:
        steps = _migrations()
        newest = max(steps)
        if connection.pragma("user_version") == newest:
            return
        if self.read_only:
            raise StoreVersionUnknown(
                f"The store {self.path} has version {connection.pragma('user_version')}, this "
                f"version of Ammon reads {newest}, and the store is read-only, so that it cannot "
                "be upgraded. Open it once with write access: ammon status"
            )
        connection.execute("BEGIN IMMEDIATE")
        try:
            found = int(str(connection.pragma("user_version")))
            if found > newest:
                raise StoreVersionUnknown(
                    f"The store {self.path} has version {found}; this version of Ammon knows "
                    f"versions up to {newest}. Install the newer Ammon that wrote it, or choose "
                    "another folder."
                )
            for number in range(found + 1, newest + 1):
                connection.execute(steps[number]).fetchall()
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


def _may_be_written(*paths: Path) -> bool:
    return all(os.access(path, os.W_OK) for path in paths)


def _migrations() -> dict[int, str]:
    folder = resources.files("kg.sqlite.migrations")
    return {
        int(file.name.partition("_")[0]): file.read_text(encoding="utf-8")
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    }
