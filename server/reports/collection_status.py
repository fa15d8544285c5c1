"""The state of collections."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from indexer.refusals import Refusal, refusals
from kg.errors import JobNotFound, SnapshotUnavailable
from kg.jobs import EVERY_REVISION, Job
from kg.records import Collection
from kg.snapshot import named_current
from server.core import Core
from server.reports.searchable import Hindrance, hindrance
from server.reports.status import why_it_waits
from server.reports.up_to_date import sees_all
from server.retrievers.retrievers import with_former_embedder

_JOBS_LOOKED_AT = 10
"""How many unfinished jobs, the newest, are looked at to find out why documents wait."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CollectionStatus:
    """A collection, its contents, and the snapshot that queries use."""

    collection: Collection
    counts: Mapping[str, int]
    """The numbers of documents, passages, entities, facts, mentions, supports, synonyms and
    quarantined passages."""
    snapshot: str | None
    """The published snapshot's name."""
    published_revision: int | None
    """Its revision; questions see nothing newer."""
    waiting: int
    """Documents that are queued or being indexed."""
    sees_all: bool
    """Whether the snapshot has everything that is in the graph."""
    by_former_embedder: bool = False
    """Whether it is of the embedder before the present one, which has made none yet."""
    read_ahead: Job | None = None
    """The job that extracts the documents again, while the collection is being re-indexed."""
    waiting_because: str = ""
    """Why its documents wait, as when a model cannot be reached; '' if they are worked on."""
    refused: Sequence[Refusal] = ()
    """Steps that workers leave to others, while the snapshot lacks something."""
    damage: str = ""
    """Why the snapshot cannot be used, with the remedy, as when it was made by another version, or
    its storage is out of reach and there is no copy; '' if it can, as far as it was checked."""
    rebuilding: bool = False
    """Whether another one is being built in place of one that cannot be used."""

    @property
    def current(self) -> bool:
        """Whether questions see everything that is in the graph."""
        return not self.damage and self.sees_all

    @property
    def standing(
        self,
    ) -> Literal[
        "unusable", "rebuilding", "up to date", "swapping", "behind", "missing", "none yet"
    ]:
        """How the snapshot relates to the graph; 'rebuilding': it cannot be used, and another one
        is being built; 'swapping': its graph is being replaced by another one, or its embedder is
        the former one; 'missing': there are documents, but no snapshot is published."""
        if self.damage:
            return "rebuilding" if self.rebuilding else "unusable"
        if self.current:
            return "up to date"
        if self.snapshot:
            swapping = self.collection.settings.transition.swapping or self.by_former_embedder
            return "swapping" if swapping else "behind"
        return "missing" if self.counts["documents"] else "none yet"


def collection_status(core: Core, name: str, *, verify: bool = False) -> CollectionStatus:
    """With `verify` the snapshot's files are read and checked; of large ones, and without it, only
    the manifest and the sizes.

    Raises: CollectionNotFound.
    """
    with core.store.peek(name) as reader:
        collection, counts = reader.collection, dict(reader.counts())
    try:
        answering = _answering(core, collection)
        revision = core.published_revision(answering)
        seen = sees_all(core, collection)
        snapshot = named_current(core.folders.snapshots(answering))
        hindered = hindrance(core, answering, verify=verify)
    except SnapshotUnavailable as error:
        answering, revision, seen, snapshot = collection, -1, False, None
        hindered = Hindrance(str(error))
    refused = () if seen and not hindered.reason else refusals(core.queue, name)
    return CollectionStatus(
        collection=collection,
        counts=counts,
        snapshot=snapshot,
        published_revision=revision if revision >= 0 else None,
        waiting=core.queue.waiting(name),
        sees_all=seen,
        by_former_embedder=answering is not collection,
        read_ahead=_read_ahead(core, collection),
        waiting_because=_why_all_wait(core, name) or (refused[0].reason if refused else ""),
        refused=refused,
        damage=hindered.reason,
        rebuilding=hindered.is_mended,
    )


def _answering(core: Core, collection: Collection) -> Collection:
    """The collection as questions see it: with its former embedder while that one answers."""
    if collection.settings.former_embedder and core.published_revision(collection) < 0:
        return with_former_embedder(collection)
    return collection


def _read_ahead(core: Core, collection: Collection) -> Job | None:
    if collection.settings.upcoming is None:
        return None
    try:
        return core.queue.job(collection.settings.transition.job)
    except JobNotFound:
        return None


def _why_all_wait(core: Core, collection: str) -> str:
    jobs = core.queue.jobs(collection, unfinished_at=EVERY_REVISION, limit=_JOBS_LOOKED_AT)
    return next(filter(None, (why_it_waits(core.queue, job) for job in jobs)), "")
