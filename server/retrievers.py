"""The open retrievers of a process: one for each collection, always of a published snapshot.

Before each question the pointer to the current snapshot is read. When it has moved, the thread that
noticed opens the new snapshot while all others go on with the old one, which is let go when the
last of them is done. A question is never refused because of a swap. A new snapshot that is damaged
is opened once, and told of once: the one before it serves on until the pointer moves again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import structlog

from inference.embedder import Embedder
from kg.errors import SnapshotError
from kg.records import Collection, CollectionSettings
from kg.snapshot import Snapshot, SnapshotFolder
from retrieval.retriever import Retriever

_OPEN_ATTEMPTS = 5
"""A snapshot that is replaced twice while it is being opened is gone: then comes the next one."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Open:
    path: Path
    retriever: Retriever


class Retrievers:
    """Retrievers by collection. Safe for several threads."""

    def __init__(
        self,
        folder: Callable[[Collection], SnapshotFolder],
        embedder: Callable[[CollectionSettings], Embedder],
    ) -> None:
        """Take where a collection's snapshots are and what embeds questions for it."""
        self._folder = folder
        self._embedder = embedder
        self._open: dict[str, _Open] = {}
        self._refused: dict[str, Path] = {}
        self._locks: dict[str, Lock] = {}

    def get(self, collection: Collection) -> Retriever | None:
        """A retriever of the current snapshot, or of the one before while that is being opened.

        None if there is no snapshot. Raises: SnapshotError if the only one cannot be used.
        """
        folder, kept = self._folder(collection), self._open.get(collection.name)
        name = folder.current()
        if name is None:
            return self._last(collection, kept)
        if kept is not None and self._serves_on(collection, kept, folder.path / name):
            return kept.retriever
        lock = self._locks.setdefault(collection.name, Lock())
        if kept is None:
            lock.acquire()
        elif not lock.acquire(blocking=False):
            return kept.retriever
        try:
            return self._swap(collection, folder, self._open.get(collection.name))
        finally:
            lock.release()

    def forget(self, collection: str) -> None:
        """Let go of a collection that was deleted; questions under way end with what they have."""
        self._open.pop(collection, None)
        self._refused.pop(collection, None)
        self._locks.pop(collection, None)

    def _serves_on(self, collection: Collection, kept: _Open, current: Path) -> bool:
        """Whether what is open is the current snapshot, or that one was opened and is damaged."""
        return current in (kept.path, self._refused.get(collection.name))

    def _last(self, collection: Collection, kept: _Open | None) -> Retriever | None:
        """With another embedder there is no snapshot at first: the one before it serves on.

        That of a deleted collection does not.
        """
        if kept is not None and kept.path.is_dir():
            return kept.retriever
        self._open.pop(collection.name, None)
        return None

    def _swap(
        self, collection: Collection, folder: SnapshotFolder, kept: _Open | None
    ) -> Retriever | None:
        try:
            fresh = self._newest(collection, folder, kept)
        except (SnapshotError, OSError) as error:
            if kept is None:
                raise
            _log.error("snapshot refused, the one before it serves on", reason=str(error))
            return kept.retriever
        if fresh is None:
            return self._last(collection, kept)
        if fresh is not kept:
            self._open[collection.name] = fresh
            self._refused.pop(collection.name, None)
        return fresh.retriever

    def _newest(
        self, collection: Collection, folder: SnapshotFolder, kept: _Open | None
    ) -> _Open | None:
        for attempt in range(_OPEN_ATTEMPTS):
            name = folder.current()
            if name is None:
                return None
            path = folder.path / name
            if kept is not None and self._serves_on(collection, kept, path):
                return kept
            try:
                snapshot = Snapshot.read(folder.open(name))
                return _Open(path, Retriever(snapshot, self._embedder(collection.settings)))
            except (SnapshotError, OSError) as error:
                if folder.current() == name or attempt == _OPEN_ATTEMPTS - 1:
                    if isinstance(error, SnapshotError):  # others may pass
                        self._refused[collection.name] = path
                    raise
        return None
