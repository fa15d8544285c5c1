"""Files at an fsspec URL, with a conditional replacement of one file.

S3 has conditional writes (`kg.snapshot.s3`). Other file systems have none: there a file that only
one process can create is the lock.
"""

import hashlib
import math
import os
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from threading import RLock
from typing import Any

import structlog

from kg.errors import SnapshotUnavailable
from kg.lock import file_lock

PAUSE_SECONDS = 5.0
"""How long readers make do with what they have after a failed attempt."""
_END_SECONDS = 8.0
"""How long a process that is to end may go on uploading, to finish what is nearly done."""
_LOCK_SECONDS = 30.0
"""A lock is held only while a few bytes are written: an older one belongs to a process that
died."""
_POLL_SECONDS = 0.02
_BLOCK_BYTES = 1 << 23

_MOUNT = (
    "Mount it, or set AMMON_SNAPSHOT_URL (setting snapshot_url) to an existing folder. To start "
    "using this folder, create a folder 'collections' in it."
)

_MEMORY = RLock()
"""fsspec's memory file system is shared by the whole process and is not thread-safe."""

_log = structlog.get_logger(__name__)


class _Empty(FileNotFoundError):
    """The folder at the URL is missing or empty."""


class Objects:
    """Files below one URL, by their keys. Safe for several threads, and after a fork.

    All methods raise SnapshotUnavailable if the files cannot be reached.
    """

    reach = "Check the network, the address and its access keys."
    """The remedy if nothing more specific is known."""

    def __init__(self, url: str, options: Mapping[str, Any]) -> None:
        """Take the URL, and options of its file system."""
        self.url = url.rstrip("/")
        self._options = dict(options)
        self._serial: AbstractContextManager[object] = nullcontext()
        if url.startswith("memory:"):
            self._serial = _MEMORY
        self._local = url.startswith(("file:", "local:"))
        if self._local:
            self._options["auto_mkdir"] = True
        self._troubles: tuple[type[Exception], ...] = (OSError,)
        self._connected: tuple[int, Any, str] = (-1, None, "")
        self._down_until, self._trouble = 0.0, ""
        self._end = math.inf

    @property
    def trouble(self) -> str:
        """Why the files could not be reached in the last few seconds; '' if they could."""
        return self._trouble if time.monotonic() < self._down_until else ""

    def hasten(self) -> None:
        """The process is about to end: from now on, do not wait long for a silent server."""
        self._end = min(self._end, time.monotonic() + _END_SECONDS)

    @property
    def late(self) -> bool:
        """Whether a process that is to end should have ended by now, so that no further file is
        begun."""
        return time.monotonic() > self._end

    def read(self, key: str) -> bytes:
        """Raises: FileNotFoundError."""
        with self._asking() as (files, root):
            return bytes(files.cat_file(f"{root}/{key}"))

    def see_in_use(self) -> None:
        """Check before any use that the storage is really there: an unmounted share looks like an
        empty or missing folder. So, as with buckets, the folder of a URL and its first content are
        only ever created by its owner.

        Raises: SnapshotUnavailable.
        """
        if self._local:
            with self._asking() as (files, root):
                if not files.isdir(root):
                    raise _Empty("there is no such folder")
                if not files.ls(root, detail=False):
                    raise _Empty("that folder is empty")

    def check(self) -> None:
        """Check that files can be written, by writing and removing one."""
        self.see_in_use()
        key = f"check-{uuid.uuid4().hex[:8]}"
        self.write(key, b"")
        self.remove(key)

    def write(self, key: str, data: bytes) -> None:
        """Write a small file atomically, replacing the existing one."""
        with self._writing() as (files, root):
            aside = f"{root}/{key}.{uuid.uuid4().hex[:8]}"
            files.makedirs(aside.rpartition("/")[0], exist_ok=True)
            files.pipe_file(aside, data)
            files.mv(aside, f"{root}/{key}")

    def write_over(self, key: str, seen: bytes | None, data: bytes) -> bool:
        """Write a small file if its content is still `seen` (None: it did not exist). Of several
        concurrent writers, one succeeds. Returns whether it was written.
        """
        with self._locked(f"{key}.lock"):
            if self._present(key) != seen:
                return False
            self.write(key, data)
            return True

    def upload(self, key: str, file: Path) -> None:
        """Copy a file there."""
        with self._writing() as (files, root):
            target = f"{root}/{key}"
            files.makedirs(target.rpartition("/")[0], exist_ok=True)
            files.put_file(str(file), target)

    def download(self, key: str, file: Path) -> None:
        """Copy a file here. Raises: FileNotFoundError."""
        with self._asking() as (files, root):
            files.get_file(f"{root}/{key}", str(file))

    def blocks(self, key: str) -> Iterator[bytes]:
        """A file's contents, a few megabytes at a time. Raises: FileNotFoundError."""
        with self._asking() as (files, root), files.open(f"{root}/{key}", "rb") as file:
            while block := file.read(_BLOCK_BYTES):
                yield block

    def sizes(self, folder: str) -> dict[str, int]:
        """Bytes of all files below a folder, by their names within it."""
        with self._asking() as (files, root):
            base = f"{root}/{folder}/"
            found = files.find(base, detail=True)
            return {
                path.removeprefix(base.lstrip("/")).removeprefix(base): info["size"]
                for path, info in found.items()
            }

    def folders(self, folder: str) -> list[str]:
        """Names of the folders within a folder."""
        return sorted({name.partition("/")[0] for name in self.sizes(folder) if "/" in name})

    def age(self, key: str) -> float:
        """Seconds since a file was written. Raises: FileNotFoundError."""
        with self._asking() as (files, root):
            written: float = files.modified(f"{root}/{key}").timestamp()
        return time.time() - written

    def remove(self, key: str) -> None:
        """Remove a file, if it exists."""
        with suppress(FileNotFoundError), self._asking() as (files, root):
            files.rm_file(f"{root}/{key}")

    def remove_folder(self, folder: str) -> None:
        """Remove a folder with its contents, if it exists."""
        with suppress(FileNotFoundError), self._asking() as (files, root):
            files.rm(f"{root}/{folder}", recursive=True)

    def remove_empty_above(self, folder: str) -> None:
        """Remove the parent folders that have become empty.

        The topmost one stays: its contents show that the place is in use (`see_in_use`).
        """
        if self._local:
            above = folder.split("/")[:-1]
            with self._asking() as (files, root), suppress(OSError):  # it may not be empty
                for depth in range(len(above), 1, -1):
                    files.rmdir("/".join((root, *above[:depth])))

    def _present(self, key: str) -> bytes | None:
        try:
            return self.read(key)
        except FileNotFoundError:
            return None

    def _connect(self) -> tuple[Any, str]:
        """The file system and the URL's path in it; each process has its own connections."""
        pid, files, root = self._connected
        if pid != os.getpid():
            import fsspec

            options = {"skip_instance_cache": True, "use_listings_cache": False, **self._options}
            files, root = fsspec.url_to_fs(self.url, **options)
            self._connected = (os.getpid(), files, root)
        return files, root

    @contextmanager
    def _asking(self) -> Iterator[tuple[Any, str]]:
        """The file system and its root; its errors are logged once."""
        try:
            with self._serial:
                yield self._connect()
        except FileNotFoundError as error:
            remedy = self._remedy(error)
            if remedy:
                raise self._out_of_reach(error, remedy) from error
            self._reached()
            raise
        except self._troubles as error:
            raise self._out_of_reach(error, self.reach) from error
        self._reached()

    def _remedy(self, error: FileNotFoundError) -> str:
        """The remedy if the whole place is missing, not just a file; '' for file systems."""
        return _MOUNT if isinstance(error, _Empty) else ""

    def _out_of_reach(self, error: Exception, remedy: str) -> SnapshotUnavailable:
        silent = isinstance(error, TimeoutError)
        reason = (str(error) or ("no answer" if silent else type(error).__name__)).rstrip(".")
        told = f"Cannot reach the snapshots at {self.url}: {reason}. {remedy}"
        if not self._trouble:
            _log.warning("snapshots unreachable", reason=told)
        self._down_until, self._trouble = time.monotonic() + PAUSE_SECONDS, told
        return SnapshotUnavailable(told)

    @contextmanager
    def _writing(self) -> Iterator[tuple[Any, str]]:
        """As `_asking`; storage that cannot be created counts as unreachable."""
        try:
            with self._asking() as found:
                yield found
        except FileNotFoundError as error:
            raise SnapshotUnavailable(
                f"Cannot write snapshots to {self.url}: {error}. Create the bucket or folder, or "
                "set AMMON_SNAPSHOT_URL (setting snapshot_url) to an existing one."
            ) from error

    def _reached(self) -> None:
        if self._trouble:
            self._down_until, self._trouble = 0.0, ""
            _log.info("snapshots reachable again", url=self.url)

    @contextmanager
    def _locked(self, key: str) -> Iterator[None]:
        """Hold a lock: the operating system's for a local folder, otherwise a file that only one
        process can create."""
        if self._local:
            with self._writing() as (files, root):
                lock = Path(f"{root}/{key}")
                files.makedirs(str(lock.parent), exist_ok=True)
            with file_lock(lock, remove=True):
                yield
            return
        mark = uuid.uuid4().hex.encode()
        until = time.monotonic() + 2 * _LOCK_SECONDS
        while not self._create(key, mark):
            self._break(key)
            if time.monotonic() > until:
                raise SnapshotUnavailable(
                    f"{self.url}/{key} has been held by another process for too long. If nothing "
                    "publishes snapshots there, delete it."
                )
            time.sleep(_POLL_SECONDS)
        try:
            yield
        finally:
            if self._present(key) == mark:  # else somebody took it for a dead process's
                self.remove(key)

    def _create(self, key: str, data: bytes) -> bool:
        """Write a file that does not exist yet; of several concurrent writers, one succeeds."""
        with self._writing() as (files, root):
            files.makedirs(f"{root}/{key}".rpartition("/")[0], exist_ok=True)
            try:
                with files.open(f"{root}/{key}", "xb") as file:
                    file.write(data)
                return True
            except FileExistsError:
                return False

    def _break(self, key: str) -> None:
        """Remove a lock that is too old. Only one of those who find it may, since a second one
        could remove the next holder's lock: the one that creates a file named after this particular
        lock."""
        with suppress(FileNotFoundError):  # released meanwhile
            mark = self.read(key)
            if self.age(key) > _LOCK_SECONDS and self._create(f"{key}.{_name(mark)}", b""):
                self.remove(key)


def _name(mark: bytes) -> str:
    return hashlib.sha256(mark).hexdigest()[:32]
