"""A machine's copies of remote snapshots: each is downloaded once for all processes.

A copy is downloaded under a temporary name, checked, and renamed; a damaged one is downloaded
again. The mirror also remembers which snapshot was current, for when the storage cannot be reached:
for each URL in its own folder, `of-…/CURRENT`, since a machine's URL may be changed, and changed
back.
"""

import hashlib
import os
import shutil
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from kg.errors import SnapshotDamaged, SnapshotError, SnapshotMissing
from kg.lock import file_lock
from kg.snapshot.container import SnapshotReader, sync_folder
from kg.snapshot.pointer import POINTER, is_name
from kg.snapshot.publication import SnapshotFolder

_KEPT = 3
"""How many snapshots stay: one being built, the current one, and the previous one."""
_ASIDE = ".fetching-"
_LOCK = "fetch.lock"
_NOTES = "of-"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Mirror:
    """Copies of snapshots in a local folder, including those built on this machine."""

    folder: SnapshotFolder

    def open(
        self, name: str, bring: Callable[[Path], None], *, verify_up_to: int
    ) -> SnapshotReader:
        """Open a snapshot. If its copy is missing or damaged, `bring` first fills an empty folder
        with it and checks it.

        Raises: what `bring` raises; SnapshotVersionUnknown.
        """
        try:
            return self.folder.open(name, verify_up_to=verify_up_to)
        except SnapshotDamaged as error:
            _log.warning("local copy damaged, fetching it again", reason=str(error))
        except SnapshotMissing:
            pass
        with file_lock(self.folder.path / _LOCK):
            with suppress(SnapshotDamaged, SnapshotMissing):  # another was quicker
                return self.folder.open(name, verify_up_to=verify_up_to)
            self._fill(name, bring)
            self.prune()
            return self.folder.open(name, verify_up_to=0)

    def remember(self, url: str, name: str) -> None:
        """Note that a snapshot is current at a URL, if there is a copy of it."""
        if self.remembered(url) == name or not (self.folder.path / name).is_dir():
            return
        with suppress(SnapshotError):  # a damaged copy is repaired when it is opened
            SnapshotReader.open(self.folder.path / name)
            _write(self._note(url), name)

    def remembered(self, url: str) -> str | None:
        """The last known current snapshot at a URL, if there is a copy of it."""
        name = _read(self._note(url))
        return name if name and (self.folder.path / name).is_dir() else None

    def forget(self, url: str) -> None:
        """Note that no snapshot is current at a URL."""
        self._note(url).unlink(missing_ok=True)

    def prune(self) -> None:
        """Keep the snapshots that are current at some URL, and the newest others by time of
        arrival: revisions start again from 0 if a collection is deleted and created anew."""
        notes = self.folder.path.glob(f"{_NOTES}*/{POINTER}")
        kept = {_read(self.folder.path / POINTER), *map(_read, notes)}
        found = [self.folder.path / name for name in self.folder.names() if name not in kept]
        for path in sorted(found, key=_arrival, reverse=True)[_KEPT - 1 :]:
            shutil.rmtree(path, ignore_errors=True)

    def _note(self, url: str) -> Path:
        mark = hashlib.blake2b(url.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
        return self.folder.path / f"{_NOTES}{mark}" / POINTER

    def _fill(self, name: str, bring: Callable[[Path], None]) -> None:
        path = self.folder.path
        for left in path.glob(f"{_ASIDE}*"):  # left by processes that died
            shutil.rmtree(left, ignore_errors=True)
        aside = path / f"{_ASIDE}{uuid.uuid4().hex[:8]}"
        aside.mkdir(parents=True)
        try:
            bring(aside)
            # Processes that have the damaged one open can go on: its files stay mapped.
            shutil.rmtree(path / name, ignore_errors=True)
            aside.rename(path / name)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        sync_folder(path)


def _read(note: Path) -> str:
    """The name in a file, or '': what names no snapshot is no note."""
    try:
        name = note.read_text(encoding="utf-8", errors="replace").strip()
    except FileNotFoundError:
        return ""
    return name if is_name(name) else ""


def _write(note: Path, name: str) -> None:
    note.parent.mkdir(exist_ok=True)
    aside = note.with_suffix(f".{uuid.uuid4().hex[:8]}")
    with aside.open("w", encoding="utf-8") as file:
        file.write(name)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(note)
    sync_folder(note.parent)


def _arrival(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
