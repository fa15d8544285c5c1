"""The open retrievers of a process: one per collection, always over a published snapshot.

In a server, a thread checks every half second which snapshots are current. It downloads and opens a
new snapshot while the previous one still answers, and then swaps it in. Questions wait neither for
that nor for the storage of the snapshots; a question in progress finishes on the snapshot it began
with. Without that thread, as in a command, each question checks for itself.

At most so many collections stay open, those asked most recently: each takes memory and up to a
hundred open files. Any other is opened again when it is next asked.

A new snapshot that is damaged is tried once and logged once; the previous one stays in use until
the pointer moves again. The contents of a large snapshot are verified while it is in use (see
`server.retrievers.checking`); once found damaged, it answers no further questions.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from types import MappingProxyType

import structlog

from inference.embedder import Embedder
from kg.errors import AmmonError, SnapshotError, SnapshotUnavailable
from kg.fail_fast import failing_fast
from kg.records import Collection, CollectionSettings
from kg.snapshot import Snapshot, Snapshots, current_revision
from kg.snapshot.background import unhurried
from retrieval.retriever import Retriever
from server import descriptors
from server.retrievers.checking import ContentsCheck
from server.retrievers.opened import Opened
from server.retrievers.tracked import Tracked

POLL_SECONDS = 0.5
_STOP_SECONDS = 5.0
_OPEN_ATTEMPTS = 5
"""A snapshot may be replaced, and removed, while it is being opened; then the next one is tried."""

_log = structlog.get_logger(__name__)


class Retrievers:
    """Retrievers by collection. Safe for several threads."""

    def __init__(
        self,
        folder: Callable[[Collection], Snapshots],
        embedder: Callable[[CollectionSettings], Embedder],
        ready: Mapping[str, Opened] = MappingProxyType({}),
        *,
        most: int = 256,
    ) -> None:
        """`folder` is where a collection's snapshots are, `embedder` embeds questions for it.

        `ready`: retrievers that another process opened and passed on, by collection. `most`: how
        many collections stay open.
        """
        self._folder = folder
        self._embedder = embedder
        self._most = most
        self._tracked = {name: Tracked(ready=opened) for name, opened in ready.items()}
        self._replaced: list[Opened] = []
        """Snapshots in use until a moment ago. Dropping the last reference closes a hundred files,
        which the watch does, so that no question in progress has to."""
        self._stop = Event()
        self._watch: Thread | None = None
        self._check = ContentsCheck(self._in_use, self._condemned)

    def hand_over(self) -> dict[str, Opened]:
        """Let go of everything that is open, and return it by collection, for another instance."""
        opened = self._in_use()
        self._tracked.clear()
        return opened

    def get(self, collection: Collection) -> Retriever | None:
        """A retriever of the current snapshot, or of the previous one while that is being opened.

        None if there is no snapshot. Raises: SnapshotError if the only one cannot be used.
        """
        tracked = self._tracked.setdefault(collection.name, Tracked())
        tracked.asked, tracked.asked_at = collection, time.monotonic()
        kept = _kept(collection, tracked)
        if kept is not None and self._watch is not None:
            return kept.retriever
        return self._look(collection, tracked)

    def refresh(self, collection: Collection) -> None:
        """Look now, if the collection is in use: a snapshot of it was just published."""
        tracked = self._tracked.get(collection.name)
        if tracked is not None and tracked.opened is not None:
            tracked.asked = collection
            self._look_again(collection, tracked)

    def revision(self, collection: Collection) -> int:
        """The revision that the next question uses; -1 if there is no snapshot. Until there is one
        by the collection's present embedder, that is the former one's.

        Raises: SnapshotUnavailable.
        """
        folder, tracked = self._folder(collection), self._tracked.get(collection.name)
        kept = tracked.opened if tracked else None
        if kept is not None and self._watch is not None and kept.folder.path == folder.path:
            return kept.retriever.snapshot.revision
        found = current_revision(folder)
        if found < 0 and collection.settings.former_embedder:
            return self.revision(with_former_embedder(collection))
        return found

    def settle(self, collection: Collection) -> None:
        """Load the embedder of the collection's questions, and have it measure in advance what it
        would otherwise measure in use, for processes forked from this one. Raises: ModelError."""
        if settle := getattr(self._embedder(collection.settings), "settle", None):
            settle()

    def forget(self, collection: str) -> None:
        """Let go of a deleted collection; questions in progress finish on what they have."""
        self._tracked.pop(collection, None)

    def watch(self, collections: Callable[[], Iterable[Collection]]) -> None:
        """Follow what is published, in the background, until `stop`.

        Remote snapshots of all these collections are downloaded in advance, so that their first
        questions need not wait for that.
        """
        self._stop.clear()
        self._watch = Thread(target=self._follow, args=(collections,), name="watch", daemon=True)
        self._watch.start()
        self._check.start(self._stop, POLL_SECONDS)

    def stop(self) -> None:
        """End the watch."""
        self._stop.set()
        if self._watch is not None:
            self._watch.join(_STOP_SECONDS)
            self._watch = None
        self._check.join(_STOP_SECONDS)
        self._replaced.clear()

    def _follow(self, collections: Callable[[], Iterable[Collection]]) -> None:
        brought = self._bring(collections)
        while not self._stop.wait(POLL_SECONDS):
            brought = brought or self._bring(collections)
            self._replaced.clear()
            for tracked in list(self._tracked.values()):
                if tracked.opened and tracked.asked and not self._stop.is_set():
                    self._look_again(tracked.asked, tracked)

    def _in_use(self) -> dict[str, Opened]:
        """What answers questions at present, by collection."""
        tracked = list(self._tracked.items())
        return {name: one.opened for name, one in tracked if one.opened is not None}

    def _condemned(self, collection: str, damaged: Opened) -> None:
        tracked = self._tracked.get(collection)
        if tracked is not None and tracked.opened is damaged:
            tracked.opened = None

    def _bring(self, collections: Callable[[], Iterable[Collection]]) -> bool:
        """Download remote snapshots. False if the collections could not be listed."""
        try:
            with failing_fast():
                found = list(collections())
        except (AmmonError, OSError):
            return False
        for collection in found:
            folder = self._folder(collection)
            if folder.lease and not self._stop.is_set():
                with suppress(SnapshotError, OSError):
                    folder.open()
        return True

    def _look_again(self, collection: Collection, tracked: Tracked) -> None:
        """Look for a new snapshot; no question depends on it, so an error is only logged, once."""
        try:
            self._look(collection, tracked)
            tracked.last_error = ""
        except (AmmonError, OSError) as error:
            if tracked.last_error == str(error):
                return
            tracked.last_error = str(error)
            _log.warning(
                "could not look for new snapshots", collection=collection.name, reason=str(error)
            )

    def _look(self, collection: Collection, tracked: Tracked) -> Retriever | None:
        """Check which snapshot is current; open it unless another thread is doing so."""
        folder, kept = self._folder(collection), _kept(collection, tracked)
        name = folder.current()
        if name is None and kept is None and collection.settings.former_embedder:
            return self._look(with_former_embedder(collection), tracked)
        if name is None:
            return _last(tracked)
        if kept is not None and _needs_no_opening(tracked, kept, folder.path / name):
            return kept.retriever
        if kept is None:
            tracked.opening.acquire()
        elif not tracked.opening.acquire(blocking=False):
            return kept.retriever
        try:
            return self._swap(collection, folder, tracked)
        finally:
            tracked.opening.release()

    def _swap(
        self, collection: Collection, folder: Snapshots, tracked: Tracked
    ) -> Retriever | None:
        kept = tracked.opened
        waited_for = kept is None or self._watch is None
        try:
            with nullcontext() if waited_for else unhurried():
                fresh = self._newest(collection, folder, tracked)
        except (SnapshotError, OSError) as error:
            if kept is None:
                raise
            _log.error("snapshot refused, keeping the previous one", reason=str(error))
            return kept.retriever
        if fresh is None:
            return _last(tracked)
        if fresh is not kept:
            if kept is not None and not waited_for:
                self._replaced.append(kept)
            tracked.opened, tracked.refused = fresh, None
        return fresh.retriever

    def _newest(self, collection: Collection, folder: Snapshots, tracked: Tracked) -> Opened | None:
        kept = tracked.opened
        for attempt in range(_OPEN_ATTEMPTS):
            name = folder.current()
            if name is None:
                return None
            if kept is not None and _needs_no_opening(tracked, kept, folder.path / name):
                return kept
            try:
                return self._opened(collection, folder, name, tracked)
            except (SnapshotError, OSError) as error:
                if folder.current() == name or attempt == _OPEN_ATTEMPTS - 1:
                    transient = isinstance(error, (SnapshotUnavailable, OSError))
                    if not transient:
                        tracked.refused = folder.path / name
                    raise
        return None

    def _opened(
        self, collection: Collection, folder: Snapshots, name: str, tracked: Tracked
    ) -> Opened:
        embedder, kept = self._embedder(collection.settings), tracked.opened
        ready, tracked.ready = tracked.ready, None
        if ready is not None and ready.path == folder.path / name:
            retriever = ready.retriever.embedded_by(embedder)
        else:
            self._make_room(tracked)
            retriever = Retriever(Snapshot.read(folder.open(name)), embedder)
        if kept is not None:
            retriever.prepare(kept.retriever.prepared)
        return Opened(folder, name, retriever, collection.identity)

    def _make_room(self, wanted: Tracked) -> None:
        """Close the collections asked least recently; questions in progress keep what they have."""
        used = [one for one in list(self._tracked.values()) if one.opened is not None]
        left = len(used)
        for tracked in sorted(used, key=lambda one: one.asked_at):
            if left < self._most and not descriptors.few_left():
                return
            if tracked is not wanted:
                tracked.opened = None
                left -= 1


def _kept(collection: Collection, tracked: Tracked) -> Opened | None:
    """What is open of the collection; what is open of another one of its name, deleted since, is
    let go."""
    kept = tracked.opened
    if kept is not None and kept.identity != collection.identity:
        kept = tracked.opened = None
    return kept


def _needs_no_opening(tracked: Tracked, kept: Opened, current: Path) -> bool:
    """Whether the current snapshot is open already, or was found damaged."""
    return current in (kept.path, tracked.refused)


def _last(tracked: Tracked) -> Retriever | None:
    """What answers where there is no current snapshot. After a change of embedder, the snapshot of
    the former one goes on answering; that of a deleted collection does not."""
    kept = tracked.opened
    if kept is not None and kept.folder.current() is not None:
        return kept.retriever
    tracked.opened = None
    return None


def with_former_embedder(collection: Collection) -> Collection:
    """The collection before its embedder was changed."""
    former = collection.settings.former_embedder
    settings = replace(collection.settings, embedder=former, former_embedder="")
    return replace(collection, settings=settings)
