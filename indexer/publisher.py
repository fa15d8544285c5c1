"""From a revision of the graph to the snapshot that answers questions."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from indexer.changeover import Changeover
from indexer.heartbeat import beating
from indexer.process import worker_name
from indexer.progress import ReportProgress, StepProgress, ignore_progress
from indexer.snapshot.build import build_snapshot
from indexer.snapshot.rules import rules
from indexer.snapshot.synonyms import link_synonyms
from inference.embedder import Embedder
from kg.errors import CollectionNotFound, SnapshotError, SnapshotUnavailable
from kg.leases import Leases
from kg.lock import file_lock
from kg.records import Collection, CollectionSettings
from kg.snapshot import Snapshot, Snapshots, named_current, revision_of
from kg.snapshot.container import Manifest
from kg.store import GraphStore

_LINK_ROUNDS = 5
"""How often entities that came while others were being linked are linked before a build."""
_LEASE_SECONDS, _POLL_SECONDS = 20.0, 0.5
"""So long others wait for a builder that died on another machine; how often they look."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Publisher:
    """Makes and publishes snapshots: one at a time for a collection and an embedder."""

    store: GraphStore
    leases: Leases
    """Of its leases one is held while a snapshot is built that servers elsewhere read too."""
    embedder: Callable[[CollectionSettings], Embedder]
    folder: Callable[[Collection], Snapshots]
    changeover: Changeover
    published: Callable[[Collection], None] = lambda _: None
    """Is told of each snapshot that was published here."""
    _others: dict[Path, str] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Folder -> the first snapshot found there whose texts were read by other rules."""

    def stale(self, collection: Collection) -> bool:
        """Whether the published snapshot is of another revision or model, its texts were read by
        an earlier version's rules, or the graph is to become another one. Looks at no contents."""
        found = self._covering(collection)
        return (
            found is None
            or self._is_read_otherwise(collection, *found)
            or self.changeover.is_due(collection)
        )

    def publish(
        self,
        collection: str,
        progress: ReportProgress = ignore_progress,
        *,
        thorough: bool = False,
    ) -> str | None:
        """Publish a snapshot of the present revision; its name, or None if there is one.

        Whoever comes while another thread, process or machine builds waits, and finds the work
        done. A damaged snapshot is built again; unless `thorough`, a large one counts as sound if
        its files have the right sizes. What readers have open stays usable.
        Raises: CollectionNotFound, ModelError, StoreError, SnapshotError.
        """
        present = self.store.collection(collection)
        folder = self.folder(present)
        with self._alone(folder, progress):
            self.changeover.advance(collection)
            # Read before the graph is: what is published over it is then never older than it.
            seen = named_current(folder)
            if self._is_done(present.name, thorough=thorough):
                return None
            folder.sweep()
            snapshot = self._build(present, progress, _sound(folder, seen))
            # Another collection may have taken the name meanwhile, and its revisions begin anew.
            after = self.store.collection(collection)
            is_same = after.identity == present.identity
            if snapshot and is_same and snapshot.revision <= after.revision:
                name = folder.write(snapshot.revision, snapshot.write)
                if _published(folder, seen, name):
                    if self._is_there(present):
                        folder.prune()
                        _log.info("snapshot published", collection=collection, snapshot=name)
                        self.published(present)
                        return name
                    folder.clear()  # it was deleted meanwhile, and nobody else would
        return self.publish(collection, progress, thorough=thorough)

    def _is_there(self, collection: Collection) -> bool:
        """Whether the collection exists, and not just another one of its name."""
        try:
            return self.store.collection(collection.name).identity == collection.identity
        except CollectionNotFound:
            return False

    @contextmanager
    def _alone(self, folder: Snapshots, progress: ReportProgress) -> Iterator[None]:
        """Be the only one who builds: by a file's lock on this machine, and a lease elsewhere.

        Nothing depends on the lease but that no work is done twice: what is published is published
        over what was seen.
        """

        def tell() -> None:
            progress(StepProgress(step="their snapshot", done=0, total=0))

        with ExitStack() as stack:
            stack.enter_context(file_lock(folder.lock, waiting=tell))
            if not folder.lease:
                yield
                return
            worker = worker_name()

            def hold() -> bool:
                return self.leases.hold(folder.lease, worker=worker, seconds=_LEASE_SECONDS)

            while not hold():
                tell()
                time.sleep(_POLL_SECONDS)
            try:
                with beating(hold, _LEASE_SECONDS / 3, "lease", failure="could not extend a lease"):
                    yield
            finally:
                self.leases.let_go(folder.lease, worker=worker)

    def _build(
        self, collection: Collection, progress: ReportProgress, previous: Snapshot | None
    ) -> Snapshot | None:
        """Link what is new and build from one revision; None if the embedder was changed, the graph
        is half another one, or the name is another collection's by now.

        What `previous` has of it is taken over.

        Other workers may commit in between; their entities are linked in another round, of which
        each has less to do than the one before. Links that the former embedder made after it was
        changed, or for another collection of this name, are forgotten.
        """
        embedder = self.embedder(collection.settings)
        for rounds_left in reversed(range(_LINK_ROUNDS)):
            link_synonyms(self.store, collection.name, embedder, progress, previous)
            with self.store.read(collection.name) as reader:
                present = reader.collection
                if present.identity != collection.identity:
                    break
                if present.settings.embedder != collection.settings.embedder:
                    break
                if present.settings.transition.swapping:  # by one who took us for dead
                    return None
                if not reader.unlinked() or not rounds_left:
                    return build_snapshot(reader, embedder, progress, previous)
        self.store.forget_synonyms(collection.name)
        return None

    def _is_done(self, collection: str, *, thorough: bool) -> bool:
        """Whether the present revision is published, sound, read by the present rules, and with all
        of its synonyms."""
        present = self.store.collection(collection)
        found = self._covering(present, sound=True, thorough=thorough)
        if found is None or self._is_read_otherwise(present, *found, always=thorough):
            return False
        with self.store.peek(collection) as reader:
            return not reader.unlinked()

    def covers(self, collection: Collection) -> bool:
        """Whether the current snapshot is of the collection's present revision and embedding model,
        by whichever rules its texts were read. A missing or damaged snapshot gives False. Raises:
        SnapshotUnavailable."""
        return self._covering(collection) is not None

    def _covering(
        self, collection: Collection, *, sound: bool = False, thorough: bool = False
    ) -> tuple[str, Manifest] | None:
        """The current snapshot if it is of the present revision and embedding model, else None.
        `sound`: also check that it is intact, every byte if `thorough`. Raises:
        SnapshotUnavailable."""
        folder = self.folder(collection)
        try:
            name = folder.current()
            if name is None:
                return None
            manifest = folder.manifest(name)
            if (
                manifest.revision != collection.revision
                or manifest.models.get("embedder") != self.embedder(collection.settings).model_id
            ):
                return None
            if sound:
                folder.check(name, thorough=thorough)
        except SnapshotUnavailable:
            raise
        except SnapshotError as error:
            _log.warning("snapshot refused", collection=collection.name, reason=str(error))
            return None
        return name, manifest

    def _is_read_otherwise(
        self, collection: Collection, name: str, manifest: Manifest, *, always: bool = False
    ) -> bool:
        """Whether a snapshot is to be built again because other rules read its texts.

        A process replaces, of a collection, only the first such snapshot that it finds, unless
        `always`: a later one comes from another process that reads otherwise, as under another
        version of Python, and the two would build over each other for ever.
        """
        if not rules() or manifest.properties.get("rules", "") == rules():
            return False
        return always or self._others.setdefault(self.folder(collection).path, name) == name


def _sound(folder: Snapshots, name: str | None) -> Snapshot | None:
    """A snapshot, every byte of which was checked, or None: damage must not be handed down."""
    if name is None:
        return None
    try:
        return Snapshot.read(folder.open(name, verify_up_to=sys.maxsize))
    except SnapshotError as error:
        _log.info("building a snapshot from scratch", reason=str(error))
        return None


def _published(folder: Snapshots, seen: str | None, name: str) -> bool:
    """Publish a snapshot over one that is older than it; False if a newer one is there meanwhile,
    or one as new: then all is to be looked at anew."""
    while not folder.publish_over(seen, name):
        seen = named_current(folder)
        if seen is not None and revision_of(seen) >= revision_of(name):
            _log.info("another process published first", published=seen, built=name)
            return False
    return True
