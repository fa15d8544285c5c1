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
    │   ├── BudgetSpent
    │   ├── PricesUnknown
    │   └── WaitsOtherwise
    ├── StoreError                 the store cannot do what was asked
    │   ├── StoreUnavailable
    │   │   ├── StoreStarting
    │   │   ├── StoreOverloaded
    │   │   ├── StoreRefused
    │   │   ├── StoreClosed
    │   │   └── CacheUnavailable
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
    ├── DeviceFailed               a GPU failed
    └── DependencyMissing          an optional package is not installed

Each message says what happened, to what, and what to do about it.
"""

import errno


class AmmonError(Exception):
    """The root of all errors that are raised on purpose."""


class InputError(AmmonError):
    """The caller's input is at fault; the message names it and the remedy."""


class NameInvalid(InputError):
    """A collection's name is empty, too long or contains invalid characters."""


class DocumentUnreadable(InputError):
    """A file or a text could not be turned into a document."""


class SettingsInvalid(InputError):
    """A setting has an invalid value."""


class NotFound(AmmonError):
    """Nothing exists with the requested id or name."""


class CollectionNotFound(NotFound):
    """There is no collection of that name."""


class DocumentNotFound(NotFound):
    """There is no document of that id or source."""


class EntityNotFound(NotFound):
    """There is no entity of that id or name."""


class JobNotFound(NotFound):
    """There is no job of that id."""


class Conflict(AmmonError):
    """The request conflicts with the present state."""


class CollectionExists(Conflict):
    """A collection of that name already exists."""


class SettingsConflict(Conflict):
    """A collection has other settings than those requested."""


class BudgetSpent(Conflict):
    """A job has spent more than the budget that it is to have."""


class PricesUnknown(Conflict):
    """A budget of money was given, but the model's prices are not set."""


class WaitsOtherwise(Conflict):
    """The documents are already queued by a job with another budget or priority."""


class StoreError(AmmonError):
    """The store cannot do what was asked."""


class StoreUnavailable(StoreError):
    """The store cannot be reached, or another process has locked it for too long."""


class StoreStarting(StoreUnavailable):
    """The store's server answers, and says that the store is not ready yet."""


class StoreOverloaded(StoreUnavailable):
    """The store is there, and had no memory left for this, or was changed by others meanwhile: the
    same may succeed in a moment."""


class StoreRefused(StoreUnavailable):
    """The store answers but refuses access (a wrong password or address): waiting does not help."""


class StoreClosed(StoreUnavailable):
    """The store was closed by its owner: waiting does not help."""


class CacheUnavailable(StoreUnavailable):
    """A file of this machine that holds nothing but what can be computed again cannot be used; the
    store itself may be well."""


class StoreVersionUnknown(StoreError):
    """The store was written by a newer version of Ammon."""


class RevisionForgotten(StoreError):
    """The changes since that revision are no longer kept: read the whole graph instead."""


class SnapshotError(AmmonError):
    """A snapshot cannot be used."""

    def __init__(self, reason: str, *, rebuild: str = "", collection: str = "") -> None:
        """`rebuild`: how the message continues before the command that builds a new snapshot; '' if
        that is not the remedy. `collection`: whose snapshot it is; '' if only the caller knows."""
        super().__init__(reason)
        self._rebuild = rebuild
        self._collection = collection

    def __str__(self) -> str:
        if not self._rebuild:
            return super().__str__()
        name = repr(self._collection) if self._collection else "NAME"
        return f"{super().__str__()} {self._rebuild}: ammon rebuild --collection {name}"

    def name_collection(self, collection: str) -> None:
        """Set whose snapshot it is, unless that is known already."""
        self._collection = self._collection or collection


class SnapshotMissing(SnapshotError):
    """No snapshot has been published."""


class SnapshotDamaged(SnapshotError):
    """A snapshot's files do not match its manifest."""


class SnapshotVersionUnknown(SnapshotError):
    """A snapshot has a format that this version does not read."""


class SnapshotUnavailable(SnapshotError):
    """The storage of the snapshots cannot be reached, or refuses access."""


class TooManyFiles(SnapshotUnavailable):
    """The process or its machine has reached its limit of open files; some may be closed soon."""

    def __init__(self, what: object) -> None:
        super().__init__(
            f"Cannot open {what}: this process has reached its limit of open files. Raise the "
            "limit (ulimit -n, or LimitNOFILE of its service), or lower the setting "
            "open_collections (AMMON_OPEN_COLLECTIONS)."
        )

    @staticmethod
    def is_told_by(error: Exception) -> bool:
        """Whether an operating system error means this."""
        return isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE)


class ModelError(AmmonError):
    """A language model or an embedder failed."""


class ModelUnavailable(ModelError):
    """A model's endpoint cannot be reached, refuses, or stays overloaded after all retries."""

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        """`permanent`: waiting does not help (a wrong key, an unknown model); someone has to fix
        it."""
        super().__init__(message)
        self.permanent = permanent


class ModelOutputInvalid(ModelError):
    """A model's answer is empty, cut off, or does not fit its schema."""


class WeightsInvalid(ModelError):
    """A model's files are missing or do not have the expected checksum."""


class DeviceFailed(AmmonError):
    """A GPU has no room left, or cannot be used; the CPU takes over."""


class DependencyMissing(AmmonError):
    """A package is not installed; the message gives the command that installs it."""

    def __init__(self, package: str, extra: str = "") -> None:
        """`extra`: the one that has the package; '' if Ammon itself needs it."""
        wanted = f"'.[{extra}]'" if extra else "."
        super().__init__(
            f"The package {package!r} is not installed. "
            f"Install it with: .venv/bin/uv pip install -e {wanted}  (in the checkout of Ammon)"
        )
        self.package = package
        self.extra = extra
