"""Copying collections from one store to another, exactly."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import chain

from kg.codec import dumps
from kg.dump import dump
from kg.errors import CollectionExists, CollectionNotFound, Conflict, StoreError
from kg.holdings import holdings_of
from kg.records import Collection
from kg.store import GraphReader
from server.stores import Store


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
