"""The port to where snapshots are kept: what the indexer writes and servers read."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from kg.snapshot.container import (
    VERIFY_UP_TO_BYTES,
    Manifest,
    SnapshotReader,
    SnapshotWriter,
)


class Snapshots(Protocol):
    """All snapshots of one collection made with one embedder, and which of them is current.

    A snapshot is whole or it is not there. It never changes; what changes is which is current.
    Several processes may write, publish, read and prune at once. All methods raise
    SnapshotUnavailable where the snapshots cannot be reached; `current` and `open` only if what
    they want is not on this machine.
    """

    @property
    def path(self) -> Path:
        """The folder on this machine where those are that were opened, each under its name."""
        ...

    @property
    def lock(self) -> Path:
        """The file that a builder locks, so that of one machine's builders one works."""
        ...

    @property
    def lease(self) -> str:
        """The name of the lease that a builder holds, so that of all machines' builders one works;
        '' where the file's lock is enough."""
        ...

    def write(self, revision: int, fill: Callable[[SnapshotWriter], None]) -> str:
        """Write a snapshot under a name that nobody else uses, and return that; nothing is
        published. Raises: SnapshotError if the disk or the store of objects does not take it."""
        ...

    def publish(self, name: str) -> None:
        """Make a finished snapshot the current one, whatever is current now: on purpose, as for a
        roll-back. Builders use `publish_over`. Raises: SnapshotDamaged."""
        ...

    def publish_over(self, seen: str | None, name: str) -> bool:
        """Make a finished snapshot the current one if `seen` still is (None: if none is).

        In one step: of several at once that saw the same, one succeeds. False: another was
        quicker. Raises: SnapshotDamaged.
        """
        ...

    def current(self) -> str | None:
        """The name of the current snapshot, or None. Where that cannot be asked for, the one that
        was current when it last could."""
        ...

    def manifest(self, name: str) -> Manifest:
        """What a snapshot says of itself, after its files' sizes were compared with that.

        Raises: SnapshotMissing, SnapshotDamaged, SnapshotVersionUnknown.
        """
        ...

    def check(self, name: str, *, thorough: bool = False) -> None:
        """See whether a snapshot is sound: as far as costs little, or every byte.

        Raises: as `manifest`.
        """
        ...

    def open(
        self, name: str | None = None, *, verify_up_to: int = VERIFY_UP_TO_BYTES
    ) -> SnapshotReader:
        """Open a snapshot by name, or the current one; one that is far away is brought here first.
        See `SnapshotReader.open`.

        Raises: SnapshotMissing, SnapshotDamaged, SnapshotVersionUnknown.
        """
        ...

    def names(self) -> list[str]:
        """All finished snapshots, oldest revision first."""
        ...

    def prune(self, keep: int = 2) -> list[str]:
        """Remove all but the current and the newest `keep`; return the names of those removed.

        What is open stays usable.
        """
        ...

    def sweep(self) -> None:
        """Remove what builders that died left unfinished. Only for who holds the lock."""
        ...

    def clear(self) -> None:
        """Remove every snapshot, and with it the current one. Only for who holds the lock."""
        ...


def revision_of(name: str) -> int:
    """The revision in a snapshot's name, of which each has this form: r<revision>-<mark>."""
    return int(name[1:].partition("-")[0])
