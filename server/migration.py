"""Copying collections from one store to another, exactly; and their snapshots, for which a copy is
another collection: from then on, each goes its own way."""

import hashlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain

import structlog

from kg.codec import dumps
from kg.dump import dump
from kg.errors import CollectionExists, CollectionNotFound, Conflict, SnapshotError, StoreError
from kg.holdings import holdings_of
from kg.lock import file_lock
from kg.records import Collection
from kg.snapshot import SnapshotReader, Snapshots, SnapshotWriter, named_current, revision_of
from kg.store import GraphReader
from server.stores import Store

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Migrated:
    """A collection that is now in both stores."""

    collection: Collection
    documents: int
    passages: int
    already: bool
    """Whether an identical copy existed already."""


def migrate(
    source: Store,
    target: Store,
    names: Sequence[str],
    note: Callable[[str, str, int], None] | None = None,
) -> list[Migrated]:
    """Copy collections without their jobs, and verify the copies; existing equal collections are
    skipped.

    A collection is copied completely or not at all, so an interrupted migration is simply repeated.
    `note(collection, kind, count)` is called as things are copied. Raises, before anything is
    copied: CollectionNotFound; Conflict if documents are still queued, or a collection is being
    re-indexed; CollectionExists if the target has a different collection of the same name. Raises:
    StoreError if a copy is not exact.
    """
    already = {name for name in names if _is_there(source, target, name)}
    return [_copy(source, target, name, note, already=name in already) for name in names]


def copy_snapshots(
    folder: Callable[[Collection], Snapshots], source: Collection, copy: Collection
) -> None:
    """Publish a collection's current snapshot for its copy, too, if that has none: so it can be
    asked at once. What cannot be copied is left to be built, and logged.

    `folder` is where a collection's snapshots are.
    """
    for embedder in filter(None, (copy.settings.embedder, copy.settings.former_embedder)):
        settings = replace(copy.settings, embedder=embedder)
        one, other = (folder(replace(each, settings=settings)) for each in (source, copy))
        try:
            _copy_current(one, other, up_to=copy.revision)
        except (SnapshotError, OSError) as error:
            _log.warning(
                "snapshot not copied, it will be built anew",
                collection=copy.name,
                reason=str(error),
            )


def _copy_current(one: Snapshots, other: Snapshots, *, up_to: int) -> None:
    name = named_current(one)
    if one.path == other.path or name is None or revision_of(name) > up_to:
        return
    with file_lock(other.lock):
        if named_current(other) is None:
            reader = one.open(name, verify_up_to=sys.maxsize)
            copied = other.write(revision_of(name), lambda writer: _write(writer, reader))
            other.publish_over(None, copied)


def _write(writer: SnapshotWriter, reader: SnapshotReader) -> None:
    manifest = reader.manifest
    for file in manifest.files:
        name = file.removesuffix(".npy")
        writer.put(name, reader.array(name))
    writer.finish(
        collection=manifest.collection,
        revision=manifest.revision,
        models=manifest.models,
        counts=manifest.counts,
        properties=manifest.properties,
    )


def _is_there(source: Store, target: Store, name: str) -> bool:
    settings = source.collection(name).settings
    if waiting := source.waiting(name):
        raise Conflict(
            f"Documents of {name!r} wait to be indexed ({waiting}), and jobs are not migrated: let "
            "`ammon worker` or `ammon serve` finish them, or cancel them; then migrate."
        )
    if settings.changing:
        raise Conflict(
            f"{name!r} is being re-indexed, and that job with its budget is not migrated: let "
            "`ammon worker` or `ammon serve` finish it (see `ammon status`), or cancel it "
            f"(ammon jobs cancel {settings.transition.job}); then migrate."
        )
    try:
        target.collection(name)
    except CollectionNotFound:
        return False
    if _same(source, target, name):
        return True
    raise CollectionExists(
        f"The target has another collection named {name!r}. Delete it there first, or migrate "
        "only other collections (--collection). Nothing was copied."
    )


def _copy(
    source: Store,
    target: Store,
    name: str,
    note: Callable[[str, str, int], None] | None,
    *,
    already: bool,
) -> Migrated:
    with source.read(name) as reader:
        counts, collection = reader.counts(), reader.collection
        if not already:
            noted = None if note is None else lambda kind, more: note(name, kind, more)
            target.restore(holdings_of(reader, noted))
            with target.read(name) as copy:
                exact = _digest(reader) == _digest(copy)
            if not exact:
                target.delete_collection(name)
                raise StoreError(
                    f"The copy of {name!r} was not exact and has been deleted. Please report "
                    "this as a bug."
                )
    return Migrated(
        collection=collection,
        documents=counts["documents"],
        passages=counts["passages"],
        already=already,
    )


def _same(source: Store, target: Store, name: str) -> bool:
    with source.read(name) as one, target.read(name) as other:
        return one.collection == other.collection and _digest(one) == _digest(other)


def _digest(reader: GraphReader) -> str:
    """A digest of everything that a reader yields: the dump, and what the dump leaves out."""
    hasher = hashlib.sha256()
    lines = chain(
        [repr(reader.collection)],
        dump(reader),
        (repr(asdict(one)) for one in reader.extractions()),
        (repr(asdict(one)) for one in reader.saved()),
        [dumps(list(reader.unlinked()))],
    )
    for line in lines:
        hasher.update(f"{line}\n".encode())
    return hasher.hexdigest()
