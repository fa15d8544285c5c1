"""From a revision of the graph to the snapshot that answers questions."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from indexer.build import build_snapshot
from indexer.progress import ReportProgress, ignore_progress
from indexer.synonyms import link_synonyms
from inference.embedder import Embedder
from kg.errors import SnapshotError
from kg.lock import file_lock
from kg.records import Collection, CollectionSettings
from kg.snapshot import Snapshot, SnapshotFolder, SnapshotReader
from kg.snapshot.container import VERIFY_UP_TO_BYTES
from kg.store import GraphStore

_LINK_ROUNDS = 5
"""How often entities that came while others were being linked are linked before a build."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Publisher:
    """Makes and publishes snapshots: one at a time for a collection and an embedder."""

    store: GraphStore
    embedder: Callable[[CollectionSettings], Embedder]
    folder: Callable[[Collection], SnapshotFolder]

    def stale(self, collection: Collection) -> bool:
        """Whether the published snapshot is of another revision or model. Looks at no contents."""
        return not self._covers(collection, verify_up_to=0)

    def publish(
        self,
        collection: str,
        progress: ReportProgress = ignore_progress,
        *,
        verify_up_to: int = VERIFY_UP_TO_BYTES,
    ) -> str | None:
        """Publish a snapshot of the present revision; its name, or None if there is one.

        Whoever comes while another thread or process builds waits, and finds the work done. A
        damaged snapshot is built again; one of more than `verify_up_to` bytes counts as sound if
        its files have the right sizes. What readers have open stays usable.
        Raises: CollectionNotFound, ModelError, StoreError.
        """
        present = self.store.collection(collection)
        folder = self.folder(present)
        with file_lock(folder.lock):
            if self._is_done(present.name, verify_up_to):
                return None
            folder.sweep()
            snapshot = self._build(present, progress)
            # Another collection may have taken the name meanwhile, and its revisions begin anew.
            if snapshot and snapshot.revision <= self.store.collection(collection).revision:
                name = folder.write(snapshot.revision, snapshot.write)
                folder.publish(name)
                folder.prune()
                _log.info("snapshot published", collection=collection, snapshot=name)
                return name
        return self.publish(collection, progress, verify_up_to=verify_up_to)

    def _build(self, collection: Collection, progress: ReportProgress) -> Snapshot | None:
        """Link what is new and build from one revision; None if the embedder was changed.

        Other workers may commit in between; their entities are linked in another round, of which
        each has less to do than the one before. Links that the former embedder made after it was
        changed are forgotten.
        """
        embedder = self.embedder(collection.settings)
        for rounds_left in reversed(range(_LINK_ROUNDS)):
            link_synonyms(self.store, collection.name, embedder, progress)
            with self.store.read(collection.name) as reader:
                if reader.collection.settings.embedder != collection.settings.embedder:
                    break
                if not reader.unlinked() or not rounds_left:
                    return build_snapshot(reader, embedder, progress)
        self.store.forget_synonyms(collection.name)
        return None

    def _is_done(self, collection: str, verify_up_to: int) -> bool:
        """Whether the present revision is published, with all of its synonyms."""
        if not self._covers(self.store.collection(collection), verify_up_to=verify_up_to):
            return False
        with self.store.read(collection) as reader:
            return not reader.unlinked()

    def _covers(self, collection: Collection, *, verify_up_to: int) -> bool:
        folder = self.folder(collection)
        name = folder.current()
        if name is None:
            return False
        try:
            manifest = SnapshotReader.open(folder.path / name, verify_up_to=verify_up_to).manifest
        except SnapshotError as error:
            _log.warning("snapshot refused", collection=collection.name, reason=str(error))
            return False
        return (
            manifest.revision == collection.revision
            and manifest.models.get("embedder") == self.embedder(collection.settings).model_id
        )
