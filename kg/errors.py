"""Every error that Ammon raises on purpose.

    AmmonError
    ├── InputError                 the caller's input is at fault
    │   ├── NameInvalid
    │   ├── DocumentUnreadable
    │   └── SettingsInvalid
    ├── NotFound
    │   ├── CollectionNotFound
    │   ├── DocumentNotFound
    │   ├── EntityNotFound
    │   └── JobNotFound
    ├── Conflict
    │   ├── CollectionExists
    │   ├── SettingsConflict
    │   ├── PricesUnknown
    │   └── WaitsOtherwise
    ├── StoreError                 the store cannot do what was asked
    │   ├── StoreUnavailable
    │   │   ├── StoreRefused
    │   │   └── StoreClosed
    │   ├── StoreVersionUnknown
    │   └── RevisionForgotten
    ├── SnapshotError
    │   ├── SnapshotMissing
    │   ├── SnapshotDamaged
    │   ├── SnapshotVersionUnknown
    │   └── SnapshotUnavailable
    │       └── TooManyFiles
    ├── ModelError                 a language model or embedder failed
    │   ├── ModelUnavailable
    │   ├── ModelOutputInvalid
    │   └── WeightsInvalid
    └── DependencyMissing          an optional package is not installed

A message says what happened, to what, and what to do about it.
"""

import errno


class AmmonError(Exception):
    """The root of all errors that are raised on purpose."""


class InputError(AmmonError):
    """The caller's input is at fault; the message names it and the remedy."""


class NameInvalid(InputError):
    """A collection's name is empty, too long or has characters that a name may not have."""


class DocumentUnreadable(InputError):
    """A file or a text could not be turned into a document."""


class SettingsInvalid(InputError):
    """A setting has a value that it may not have."""


class NotFound(AmmonError):
    """Something that was asked for by its id or name is not there."""


class CollectionNotFound(NotFound):
    """There is no collection of that name."""


class DocumentNotFound(NotFound):
    """There is no document of that id or source."""


class EntityNotFound(NotFound):
    """There is no entity of that id or name."""


class JobNotFound(NotFound):
    """There is no job of that id."""


class Conflict(AmmonError):
    """What was asked contradicts what is there."""


class CollectionExists(Conflict):
    """There is a collection of that name already."""


class SettingsConflict(Conflict):
    """A collection was made with other settings than those asked for."""


class PricesUnknown(Conflict):
    """A budget of money was given, and the settings do not say what a model costs."""


class WaitsOtherwise(Conflict):
    """Documents wait in a job already, under another budget or priority than they are given."""


class StoreError(AmmonError):
    """The store cannot do what was asked."""


class StoreUnavailable(StoreError):
    """The store cannot be reached, or is locked by another process for too long."""


class StoreRefused(StoreUnavailable):
    """The store is there and lets nobody in like this (a wrong password or address): no waiting
    mends that."""


class StoreClosed(StoreUnavailable):
    """The store was closed by its owner: no waiting opens it again."""


class StoreVersionUnknown(StoreError):
    """The store was written by a newer version of Ammon."""


class RevisionForgotten(StoreError):
    """The changes since that revision are no longer kept: read the whole graph instead."""


class SnapshotError(AmmonError):
    """A snapshot cannot be used."""

    def name_collection(self, collection: str) -> None:
        """Put the name into the remedy, where only the caller knows it."""
        self.args = (remedy_for(collection, str(self)),)


def remedy_for(collection: str, told: str) -> str:
    """What was told of a snapshot, with the name of its collection in the remedy."""
    return told.replace("--collection NAME", f"--collection {collection!r}")


class SnapshotMissing(SnapshotError):
    """No snapshot has been published."""


class SnapshotDamaged(SnapshotError):
    """A snapshot's files do not match its manifest."""


class SnapshotVersionUnknown(SnapshotError):
    """A snapshot was written in a format that this version does not read."""


class SnapshotUnavailable(SnapshotError):
    """Where the snapshots are kept cannot be reached, or refuses."""


class TooManyFiles(SnapshotUnavailable):
    """The process, or its machine, may have no more files open; others may be closed soon."""

    def __init__(self, what: object) -> None:
        super().__init__(
            f"{what} cannot be opened: this process has as many files open as it may. Allow it "
            "more (ulimit -n, or LimitNOFILE of its service), or lower the setting "
            "open_collections (AMMON_OPEN_COLLECTIONS)."
        )

    @staticmethod
    def is_told_by(error: Exception) -> bool:
        """Whether that is what an error of the system's says."""
        return isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE)


class ModelError(AmmonError):
    """A language model or an embedder failed."""


class ModelUnavailable(ModelError):
    """A model's endpoint cannot be reached, refuses, or is overloaded beyond all retries."""

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        """`permanent`: no waiting mends it (a wrong key, an unknown model): somebody has to."""
        super().__init__(message)
        self.permanent = permanent


class ModelOutputInvalid(ModelError):
    """A model's answer is empty, cut off, or does not fit its schema."""


class WeightsInvalid(ModelError):
    """A model's files are missing or do not have the expected checksum."""


class DependencyMissing(AmmonError):
    """An optional package is not installed; the message gives the command that installs it."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"The package {package!r} is not installed. "
            f"Install it with: .venv/bin/uv pip install -e '.[{extra}]'  (in the checkout of Ammon)"
        )
        self.package = package
        self.extra = extra
