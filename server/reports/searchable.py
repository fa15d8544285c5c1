"""Whether the published snapshot of a collection can be searched, and if not, why."""

from typing import NamedTuple

from inference.folding import RULES
from kg.errors import (
    AmmonError,
    SnapshotDamaged,
    SnapshotError,
    SnapshotMissing,
    SnapshotUnavailable,
)
from kg.lock import is_locked
from kg.records import Collection
from kg.snapshot import SnapshotFolder, Snapshots, named_current
from kg.snapshot.container import AGAIN, Manifest
from server.core import Core
from server.settings.specs import split


class Hindrance(NamedTuple):
    """Why questions to a collection are refused."""

    reason: str
    """With the remedy; '' if they are not refused."""
    is_mended: bool = False
    """Whether a snapshot that can be searched is being built."""


def hindrance(core: Core, collection: Collection, *, verify: bool) -> Hindrance:
    """What is in the way of questions to the current snapshot, nothing if there is no snapshot.

    Reads its manifest and the sizes of its files; with `verify` also the contents, unless it is
    large, and downloads a remote one. No model is loaded.
    """
    folder = core.folders.snapshots(collection)
    name = named_current(folder)
    try:
        if folder.current() is None:
            return Hindrance("")
        manifest = folder.open(name).manifest if verify else _manifest(folder, name or "")
        _see_same_embedder(core, collection, manifest)
    except SnapshotUnavailable as error:
        return Hindrance(str(error))
    except (SnapshotError, OSError) as error:
        if named_current(folder) != name:  # it was replaced meanwhile, and may be gone
            return Hindrance("")
        if isinstance(error, SnapshotError):
            error.name_collection(collection.name)
        return Hindrance(str(error), core.worker.running or is_locked(folder.lock))
    return Hindrance("")


def _manifest(folder: Snapshots, name: str) -> Manifest:
    """Of this machine's copy if there is one: asking for it takes no network."""
    try:
        return SnapshotFolder(folder.path).manifest(name)
    except (SnapshotMissing, SnapshotDamaged):
        return folder.manifest(name)


def _see_same_embedder(core: Core, collection: Collection, manifest: Manifest) -> None:
    """Raises: SnapshotError if the snapshot was made with another embedder than questions are
    embedded with, as by an earlier version."""
    made_with, identity = manifest.models.get("embedder", ""), _identity(core, collection)
    if made_with == identity or (not identity and made_with.endswith(f":{RULES}")):
        return
    raise SnapshotError(
        f"The snapshot of revision {manifest.revision} was made with the embedder {made_with!r} "
        f"and cannot be searched with {identity or f'…:{RULES}'!r}.",
        rebuild=AGAIN,
    )


def _identity(core: Core, collection: Collection) -> str:
    """The embedder's identity; '' if it takes loading the model, or the model cannot be made here:
    only how it ends is known then."""
    settings = collection.settings
    if split(settings.embedder)[0] == "sentence-transformers":
        return ""
    try:
        return core.pipeline.publisher.embedder(settings).model_id
    except AmmonError:
        return ""
