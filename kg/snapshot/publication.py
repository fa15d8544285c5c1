"""Snapshots in a local folder, and the pointer to the current one.

A snapshot is written aside, renamed to its final name, and published by replacing the file
`CURRENT` in one step. Readers that have an older one open keep it: its files stay mapped even
after they were pruned.
"""

import os
import shutil
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kg.errors import SnapshotError, SnapshotMissing
from kg.lock import cannot_open, file_lock
from kg.snapshot.container import (
    NONE_YET,
    VERIFY_UP_TO_BYTES,
    Manifest,
    SnapshotReader,
    SnapshotWriter,
    sync_folder,
)
from kg.snapshot.pointer import POINTER, pointed_at
from kg.snapshot.port import named_current

_ASIDE = ".writing-"
_LOCK = "publish.lock"
_POINTER_LOCK = "pointer.lock"


@dataclass(frozen=True, slots=True)
class SnapshotFolder:
    """`Snapshots` in a folder of this machine."""

    path: Path

    @property
    def lock(self) -> Path:
        """See `Snapshots`; `clear` leaves it."""
        return self.path / _LOCK

    @property
    def lease(self) -> str:
        """None: whoever can write here can lock the file."""
        return ""

    def write(self, revision: int, fill: Callable[[SnapshotWriter], None]) -> str:
        """See `Snapshots`."""
        mark = uuid.uuid4().hex[:8]
        aside = self.path / f"{_ASIDE}{mark}"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            fill(SnapshotWriter(aside))
            name = f"r{revision:010d}-{mark}"
            aside.rename(self.path / name)
        except OSError as error:
            raise SnapshotError(
                f"Cannot write a snapshot to {self.path}: {error.strerror or error}.",
                rebuild="Free space there, then",
            ) from error
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        sync_folder(self.path)
        return name

    def publish(self, name: str) -> None:
        """See `Snapshots`."""
        with file_lock(self.path / _POINTER_LOCK):
            SnapshotReader.open(self.path / name)
            self._point_to(name)

    def publish_over(self, seen: str | None, name: str) -> bool:
        """See `Snapshots`."""
        with file_lock(self.path / _POINTER_LOCK):
            SnapshotReader.open(self.path / name)
            if named_current(self) != seen:
                return False
            self._point_to(name)
            return True

    def _point_to(self, name: str) -> None:
        aside = self.path / f"{POINTER}.{uuid.uuid4().hex[:8]}"
        with aside.open("w", encoding="utf-8") as file:
            file.write(name)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(self.path / POINTER)
        sync_folder(self.path)

    def current(self) -> str | None:
        """See `Snapshots`."""
        try:
            data = (self.path / POINTER).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise cannot_open(self.path / POINTER, error) from error
        return pointed_at(data, self.path / POINTER)

    def manifest(self, name: str) -> Manifest:
        """See `Snapshots`."""
        return self.open(name, verify_up_to=0).manifest

    def check(self, name: str, *, thorough: bool = False) -> None:
        """See `Snapshots`: the contents of all but large ones are always read."""
        self.open(name, verify_up_to=sys.maxsize if thorough else VERIFY_UP_TO_BYTES)

    def open(
        self, name: str | None = None, *, verify_up_to: int = VERIFY_UP_TO_BYTES
    ) -> SnapshotReader:
        """See `Snapshots`."""
        chosen = name or self.current()
        if chosen is None or not (self.path / chosen).is_dir():
            raise SnapshotMissing(
                f"There is no snapshot {chosen + ' ' if chosen else ''}in {self.path}.",
                rebuild=NONE_YET,
            )
        return SnapshotReader.open(self.path / chosen, verify_up_to=verify_up_to)

    def names(self) -> list[str]:
        """See `Snapshots`."""
        if not self.path.is_dir():
            return []
        return sorted(
            entry.name for entry in self.path.iterdir() if entry.is_dir() and entry.name[0] == "r"
        )

    def prune(self, keep: int = 2) -> list[str]:
        """See `Snapshots`."""
        if len(self.names()) <= keep:
            return []
        with file_lock(self.path / _POINTER_LOCK):  # otherwise one could be published meanwhile
            names, current = self.names(), self.current()
            gone = [name for name in names[: len(names) - keep] if name != current]
            for name in gone:
                shutil.rmtree(self.path / name, ignore_errors=True)
        return gone

    def sweep(self) -> None:
        """See `Snapshots`."""
        for entry in self.path.glob(f"{_ASIDE}*"):
            shutil.rmtree(entry, ignore_errors=True)
        with file_lock(self.path / _POINTER_LOCK):
            for entry in self.path.glob(f"{POINTER}.*"):
                entry.unlink(missing_ok=True)

    def clear(self) -> None:
        """See `Snapshots`."""
        (self.path / POINTER).unlink(missing_ok=True)
        for entry in self.path.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
