"""A lock between threads and processes: a file that one of them holds at a time."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from kg.errors import SnapshotUnavailable, TooManyFiles

_TRIES = 100
"""How often to retry if the folder is removed before the file in it could be opened."""
_POLL_SECONDS, _TELL_SECONDS = 0.05, 1.0


@contextmanager
def file_lock(
    path: Path, *, remove: bool = False, waiting: Callable[[], object] | None = None
) -> Iterator[None]:
    """Hold the file's lock during the body, after waiting for other holders; meanwhile `waiting` is
    called once a second, and may end the wait by raising an exception.

    Every call opens the file anew, and a lock belongs to the open file: two threads of a process
    exclude each other just as two processes do. The operating system releases the lock of a process
    that dies. With `remove`, the holder removes the file at the end; those who waited for it notice
    that and start over.

    Raises: SnapshotUnavailable if the file can be neither opened nor made.
    """
    with _locked(path, waiting) as file:
        try:
            yield
        finally:
            if remove:
                path.unlink(missing_ok=True)
            fcntl.flock(file, fcntl.LOCK_UN)  # a forked process may still have the file open


def is_locked(path: Path) -> bool:
    """Whether the file's lock is held at this moment. Raises: SnapshotUnavailable."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    except OSError as error:
        raise cannot_open(path, error) from error
    return False


def _locked(path: Path, waiting: Callable[[], object] | None) -> IO[bytes]:
    """The file, locked until it is closed."""
    while True:
        file = _opened(path)
        try:
            if waiting:
                _wait(file, waiting)
            else:
                fcntl.flock(file, fcntl.LOCK_EX)
            if _is_there(path, file):
                return file
        except BaseException:
            file.close()
            raise
        file.close()


def _wait(file: IO[bytes], waiting: Callable[[], object]) -> None:
    told = time.monotonic()
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= told + _TELL_SECONDS:
                waiting()
                told = time.monotonic()
            time.sleep(_POLL_SECONDS)
        else:
            return


def _opened(path: Path) -> IO[bytes]:
    """Open the file, creating it if needed, in a folder that others may be removing."""
    failed = 0
    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            return path.open("ab")
        except (FileNotFoundError, FileExistsError) as error:  # or a dangling link
            failed += 1
            if failed == _TRIES:
                raise cannot_open(path, error) from error
        except OSError as error:
            raise cannot_open(path, error) from error


def cannot_open(path: Path, error: OSError) -> SnapshotUnavailable:
    """The error for a snapshot file that cannot be opened, with path and remedy."""
    if TooManyFiles.is_told_by(error):
        return TooManyFiles(path)
    return SnapshotUnavailable(
        f"Cannot open {path}: {error.strerror or error}. Check that the folder exists, that it "
        "is not a file or a broken link, and that its files are writable."
    )


def _is_there(path: Path, file: IO[bytes]) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False
