"""A lock between threads and processes: a file that one of them at a time holds."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Hold the file's lock, waiting for whoever holds it.

    Every call opens the file anew, and a lock belongs to what was opened: two threads of a process
    exclude each other just as two processes do. The operating system frees the lock of a process
    that dies. The file stays: removing it would let two holders in.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)
