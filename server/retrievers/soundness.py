"""Verifies large snapshots while they are in use, in a quarter of one core's time.

Opening a snapshot compares its files with their checksums, unless they are large: a first question
should not wait for gigabytes to be read. But damaged files could give wrong answers, or crash
compiled loops. So a server reads large files afterwards, one after the other, once a day for all
processes of a machine. A damaged snapshot loses its manifest, so that no process opens it again and
the publisher builds it anew.
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
"""After reading a block, the thread rests for this many times as long as that took."""


class Stopped(Exception):
    """The server is shutting down."""


def see_sound(folder: Path, stop: Event) -> None:
    """Compare a large snapshot's files with their checksums, unless a process did so recently.

    Raises: SnapshotDamaged, SnapshotUnavailable; Stopped; OSError if the snapshot is gone.
    """
    with (folder / MANIFEST).open("rb") as held:
        if SnapshotReader.open(folder, verify_up_to=0).total_bytes <= VERIFY_UP_TO_BYTES:
            return
        fcntl.flock(held, fcntl.LOCK_EX)  # one process verifies, others wait for its result
        reader = SnapshotReader.open(folder, verify_up_to=0)
        if not _is_trusted(folder):
            reader.verify(_Pauses(stop))
            with suppress(OSError):  # a read-only folder is verified again each time
                (folder / _MARK).touch()


def condemn(folder: Path) -> None:
    """Prevent a snapshot from being opened again."""
    with suppress(OSError):
        (folder / MANIFEST).rename(folder / f"{MANIFEST}.damaged")


def _is_trusted(folder: Path) -> bool:
    try:
        return time.time() - (folder / _MARK).stat().st_mtime < _TRUSTED_SECONDS
    except OSError:
        return False


class _Pauses:
    """Called between blocks, so that questions have priority."""

    def __init__(self, stop: Event) -> None:
        self._stop = stop
        self._since = time.perf_counter()

    def __call__(self) -> None:
        if self._stop.wait(_PAUSES * (time.perf_counter() - self._since)):
            raise Stopped
        self._since = time.perf_counter()
