"""Which snapshot is the current one: a folder of them, and one atomic pointer.

A snapshot is written aside, renamed to its final name, and published by replacing the file
`CURRENT` in one step. Readers that have an older one open keep it: its files stay mapped even
after they were pruned.
"""

import os
import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kg.errors import SnapshotError, SnapshotMissing
from kg.snapshot.container import SnapshotReader, SnapshotWriter, sync_folder

_POINTER = "CURRENT"
_ASIDE = ".writing-"
_LOCK = "publish.lock"


@dataclass(frozen=True, slots=True)
class SnapshotFolder:
    """All snapshots of one collection made with one embedder."""

    path: Path

    @property
    def lock(self) -> Path:
        """The file that a writer is to lock: the only one that `clear` leaves."""
        return self.path / _LOCK

    def write(self, revision: int, fill: Callable[[SnapshotWriter], None]) -> str:
        """Write a snapshot aside, give it its name, and return that; nothing is published.

        Raises: SnapshotError if the disk does not take it.
        """
        mark = uuid.uuid4().hex[:8]
        aside = self.path / f"{_ASIDE}{mark}"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            fill(SnapshotWriter(aside))
            name = f"r{revision:010d}-{mark}"
            aside.rename(self.path / name)
        except OSError as error:
            raise SnapshotError(
                f"A snapshot cannot be written to {self.path}: {error.strerror or error}. "
                "Make room there, then: ammon rebuild --collection NAME"
            ) from error
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        sync_folder(self.path)
        return name

    def publish(self, name: str) -> None:
        """Make a finished snapshot the current one (an older one too: that is a roll-back)."""
        SnapshotReader.open(self.path / name)
        aside = self.path / f"{_POINTER}.{uuid.uuid4().hex[:8]}"
        with aside.open("w", encoding="utf-8") as file:
            file.write(name)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(self.path / _POINTER)
        sync_folder(self.path)

    def current(self) -> str | None:
        """The name of the current snapshot, or None."""
        try:
            return (self.path / _POINTER).read_text(encoding="utf-8").strip() or None
        except FileNotFoundError:
            return None

    def open(self, name: str | None = None) -> SnapshotReader:
        """Open a snapshot by name, or the current one.

        Raises: SnapshotMissing, SnapshotDamaged, SnapshotVersionUnknown.
        """
        chosen = name or self.current()
        if chosen is None or not (self.path / chosen).is_dir():
            raise SnapshotMissing(
                f"There is no snapshot {chosen or ''} in {self.path}. "
                "Ingest a document, or build one with: ammon rebuild --collection NAME"
            )
        return SnapshotReader.open(self.path / chosen)

    def names(self) -> list[str]:
        """All finished snapshots, oldest revision first."""
        if not self.path.is_dir():
            return []
        return sorted(
            entry.name for entry in self.path.iterdir() if entry.is_dir() and entry.name[0] == "r"
        )

    def prune(self, keep: int = 2) -> list[str]:
        """Remove all but the current and the newest `keep`; return the names of those removed."""
        names, current = self.names(), self.current()
        gone = [name for name in names[: max(len(names) - keep, 0)] if name != current]
        for name in gone:
            shutil.rmtree(self.path / name, ignore_errors=True)
        return gone

    def sweep(self) -> None:
        """Remove what writers that died left unfinished. Only for whoever is sure to be the only
        writer, as by a lock."""
        for entry in self.path.glob(f"{_ASIDE}*"):
            shutil.rmtree(entry, ignore_errors=True)
        for entry in self.path.glob(f"{_POINTER}.*"):
            entry.unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove every snapshot, and with it the current one. For the only writer, as `sweep`."""
        (self.path / _POINTER).unlink(missing_ok=True)
        for entry in self.path.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
