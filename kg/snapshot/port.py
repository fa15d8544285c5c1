"""The port for snapshot storage: the indexer writes snapshots, servers read them."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from kg.errors import SnapshotDamaged
from kg.snapshot.container import (
    VERIFY_UP_TO_BYTES,
    Manifest,
    SnapshotReader,
    SnapshotWriter,
)


class Snapshots(Protocol):
    """All snapshots of one collection made with one embedder, and which of them is current.

    A snapshot is complete or absent, and immutable; only which one is current changes. Several
    processes may write, publish, read and prune concurrently. All methods raise SnapshotUnavailable
    if the storage cannot be reached; `current` and `open` only if what they need is not on this
    machine.
    """

    @property
    def path(self) -> Path:
        """The local folder of the opened snapshots, each in a subfolder of its name."""
        ...

    @property
    def lock(self) -> Path:
        """The file that a builder locks, so that only one builder works on a machine."""
        ...

    @property
    def lease(self) -> str:
        """The name of the lease that a builder holds, so that only one builder works on all
        machines; '' where the file lock is enough."""
        ...

    def write(self, revision: int, fill: Callable[[SnapshotWriter], None]) -> str:
        """Write a snapshot under a new, unique name and return the name. It is not published.
        Raises: SnapshotError if the disk or the object store refuses it."""
        ...

    def publish(self, name: str) -> None:
        """Make a finished snapshot the current one unconditionally, as for a roll-back. Builders
        use `publish_over`. Raises: SnapshotDamaged."""
        ...

    def publish_over(self, seen: str | None, name: str) -> bool:
        """Make a finished snapshot the current one if `seen` still is (None: if none is, or if
        `CURRENT` does not name one).

        Atomic compare-and-swap: of several concurrent callers with the same `seen`, one succeeds.
        Returns False if another snapshot has become current. Raises: SnapshotDamaged.
        """
        ...

    def current(self) -> str | None:
        """The name of the current snapshot, or None. If the storage cannot be reached, the one that
        was current when it last could be.

        Raises: SnapshotDamaged if `CURRENT` does not name a snapshot: a builder then publishes over
        None.
        """
        ...

    def manifest(self, name: str) -> Manifest:
        """A snapshot's manifest, after comparing it with the sizes of the files.

        Raises: SnapshotMissing, SnapshotDamaged, SnapshotVersionUnknown.
        """
        ...

    def check(self, name: str, *, thorough: bool = False) -> None:
        """Check that a snapshot is intact: cheap checks only, or every byte if `thorough`.

        Raises: as `manifest`.
        """
        ...

    def open(
        self, name: str | None = None, *, verify_up_to: int = VERIFY_UP_TO_BYTES
    ) -> SnapshotReader:
        """Open a snapshot by name, or the current one; a remote one is downloaded first. See
        `SnapshotReader.open`.

        Raises: SnapshotMissing, SnapshotDamaged, SnapshotVersionUnknown.
        """
        ...

    def names(self) -> list[str]:
        """All finished snapshots, oldest revision first."""
        ...

    def prune(self, keep: int = 2) -> list[str]:
        """Remove all snapshots except the current one and the newest `keep`; return the removed
        names.

        Open snapshots stay usable.
        """
        ...

    def sweep(self) -> None:
        """Remove unfinished snapshots of builders that died. Call only while holding the lock."""
        ...

    def clear(self) -> None:
        """Remove all snapshots, including the current one. Call only while holding the lock."""
        ...


def revision_of(name: str) -> int:
    """The revision in a snapshot's name, which has the form r<revision>-<mark>."""
    return int(name[1:].partition("-")[0])


def named_current(place: Snapshots) -> str | None:
    """The name of the current snapshot; None if there is none, or if `CURRENT` does not name one:
    what the next snapshot is published over. Raises: SnapshotUnavailable."""
    try:
        return place.current()
    except SnapshotDamaged:
        return None


def current_revision(place: Snapshots) -> int:
    """The revision of the current snapshot, from its name; -1 if there is none, or if `CURRENT`
    does not name one. Raises: SnapshotUnavailable."""
    name = named_current(place)
    return -1 if name is None else revision_of(name)
