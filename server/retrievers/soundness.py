"""Large snapshots are checked while they are in use, at a quarter of one core's time.

Opening a snapshot compares its files with their checksums unless they are large: a first question
is not to wait for gigabytes. What is damaged there could lead compiled loops astray, or give wrong
answers. So a server reads these files afterwards, one after the other, once a day for all processes
of a machine. A damaged snapshot loses its manifest: then no process opens it again, and whoever
publishes snapshots builds it anew.
"""

import fcntl
import time
from contextlib import suppress
from pathlib import Path
from threading import Event

from kg.snapshot import SnapshotReader
from kg.snapshot.container import MANIFEST, VERIFY_UP_TO_BYTES

_MARK = "verified"
_TRUSTED_SECONDS = 24 * 3600.0
_PAUSES = 3.0
"""So many times as long as reading a block took, nothing is done."""


class Stopped(Exception):
    """The server ends."""


def see_sound(folder: Path, stop: Event) -> None:
    """Compare a large snapshot's files with their checksums, unless a process did so lately.

    Raises: SnapshotDamaged, SnapshotUnavailable; Stopped; OSError if the snapshot is gone.
    """
    with (folder / MANIFEST).open("rb") as held:
        if SnapshotReader.open(folder, verify_up_to=0).total_bytes <= VERIFY_UP_TO_BYTES:
            return
        fcntl.flock(held, fcntl.LOCK_EX)  # processes that share the snapshot wait for the first
        reader = SnapshotReader.open(folder, verify_up_to=0)
        if not _is_trusted(folder):
            reader.verify(_Pauses(stop))
            with suppress(OSError):  # a folder that cannot be written to is read again
                (folder / _MARK).touch()


def condemn(folder: Path) -> None:
    """See that nobody opens a snapshot again."""
    with suppress(OSError):
        (folder / MANIFEST).rename(folder / f"{MANIFEST}.damaged")


def _is_trusted(folder: Path) -> bool:
    try:
        return time.time() - (folder / _MARK).stat().st_mtime < _TRUSTED_SECONDS
    except OSError:
        return False


class _Pauses:
    """Called between blocks: questions go first."""

    def __init__(self, stop: Event) -> None:
        self._stop = stop
        self._since = time.perf_counter()

    def __call__(self) -> None:
        if self._stop.wait(_PAUSES * (time.perf_counter() - self._since)):
            raise Stopped
        self._since = time.perf_counter()
