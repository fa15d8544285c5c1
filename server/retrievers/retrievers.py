"""The open retrievers of a process: one for each collection, always of a published snapshot.

A server watches: a thread looks every half second which snapshots are current, brings a new one to
this machine and opens it while the one before answers, and then puts it in its place. A question
neither waits for that nor for the store of the snapshots; one that is under way ends with what it
has. Without a watch, as in a command, each question looks for itself.

Of many collections those stay open that were asked for last: each takes memory, and up to a hundred
files. Another one is opened again when it is asked for.

A new snapshot that is damaged is opened once and logged once: the previous one stays in use until
the pointer moves again. The contents of a large snapshot are checked while it is in use (see
`server.retrievers.checking`); once they are found damaged, it answers no further question.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from threading import Event, Lock, Thread
from types import MappingProxyType

import structlog

from inference.embedder import Embedder
from kg.errors import AmmonError, SnapshotError, SnapshotUnavailable
from kg.haste import hurried
from kg.records import Collection, CollectionSettings
from kg.snapshot import Snapshot, Snapshots, current_revision
from kg.snapshot.background import unhurried
from retrieval.retriever import Retriever
from server import descriptors
from server.retrievers.checking import ContentsCheck
from server.retrievers.opened import Opened

POLL_SECONDS = 0.5
_STOP_SECONDS = 5.0
_OPEN_ATTEMPTS = 5
"""A snapshot that is replaced twice while it is being opened is gone: then comes the next one."""

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
        """Take where a collection's snapshots are and what embeds questions for it.

        `ready`: retrievers that another process has opened and passed on, by collection. `most`:
        how many collections stay open.
        """
        self._folder = folder
        self._embedder = embedder
        self._ready = dict(ready)
        self._open: dict[str, Opened] = {}
        self._most = most
        self._asked: dict[str, Collection] = {}
        self._asked_at: dict[str, float] = {}
        """When a collection was asked for last, by `time.monotonic`."""
        self._left: list[Opened] = []
        """What was open until a moment ago: to let go of the last of it, which closes a hundred
        files, is no work for a question that was under way."""
        self._refused: dict[str, Path] = {}
        self._told: dict[str, str] = {}
        """The error of the last check of a collection."""
        self._locks: dict[str, Lock] = {}
        self._stop = Event()
        self._watch: Thread | None = None
        self._check = ContentsCheck(lambda: self._open, self._condemned)

    def hand_over(self) -> dict[str, Opened]:
        """Let go of all that is open, for others who ask it."""
        opened, self._open = self._open, {}
        return opened

    def get(self, collection: Collection) -> Retriever | None:
        """A retriever of the current snapshot, or of the one before while that is being opened.

        None if there is no snapshot. Raises: SnapshotError if the only one cannot be used.
        """
        self._asked[collection.name] = collection
        self._asked_at[collection.name] = time.monotonic()
        kept = self._open.get(collection.name)
        if kept is not None and self._watch is not None:
            return kept.retriever
        return self._look(collection)

    def refresh(self, collection: Collection) -> None:
        """Look now, if questions are asked of the collection: a snapshot was just published."""
        if collection.name in self._open:
            self._asked[collection.name] = collection
            self._look_again(collection)

    def revision(self, collection: Collection) -> int:
        """The revision that the next question uses; -1 if there is no snapshot.

        Raises: SnapshotUnavailable.
        """
        folder, kept = self._folder(collection), self._open.get(collection.name)
        if kept is not None and self._watch is not None and kept.folder.path == folder.path:
            return kept.retriever.snapshot.revision
        return current_revision(folder)

    def settle(self, collection: Collection) -> None:
        """Let what embeds the collection's questions load, and find out what it would with time:
        for processes that are forked from this one. Raises: ModelError."""
        if settle := getattr(self._embedder(collection.settings), "settle", None):
            settle()

    def forget(self, collection: str) -> None:
        """Let go of a collection that was deleted; questions under way end with what they have."""
        self._asked.pop(collection, None)
        self._asked_at.pop(collection, None)
        self._ready.pop(collection, None)
        self._open.pop(collection, None)
        self._refused.pop(collection, None)
        self._told.pop(collection, None)
        self._locks.pop(collection, None)

    def watch(self, collections: Callable[[], Iterable[Collection]]) -> None:
        """Follow what is published, in the background, until `stop`.

        Remote snapshots of all these collections are downloaded in advance, so that a first
        question does not wait for it.
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
        self._left.clear()

    def _follow(self, collections: Callable[[], Iterable[Collection]]) -> None:
        brought = self._bring(collections)
        while not self._stop.wait(POLL_SECONDS):
            brought = brought or self._bring(collections)
            self._left.clear()
            for name in list(self._open):
                asked = self._asked.get(name)
                if asked is not None and not self._stop.is_set():
                    self._look_again(asked)

    def _condemned(self, collection: str, damaged: Opened) -> None:
        if self._open.get(collection) is damaged:
            self._open.pop(collection, None)

    def _bring(self, collections: Callable[[], Iterable[Collection]]) -> bool:
        """Download remote snapshots; False if the storage cannot be reached."""
        try:
            with hurried():
                found = list(collections())
        except (AmmonError, OSError):
            return False
        for collection in found:
            folder = self._folder(collection)
            if folder.lease and not self._stop.is_set():
                with suppress(SnapshotError, OSError):
                    folder.open()
        return True

    def _look_again(self, collection: Collection) -> None:
        """What goes wrong here concerns no question: the next look may go better. It is told of
        once."""
        try:
            self._look(collection)
            self._told.pop(collection.name, None)
        except (AmmonError, OSError) as error:
            if self._told.get(collection.name) == str(error):
                return
            self._told[collection.name] = str(error)
            _log.warning(
                "could not look for new snapshots", collection=collection.name, reason=str(error)
            )

    def _look(self, collection: Collection) -> Retriever | None:
        """Check which snapshot is current; open it unless another thread does so already."""
        folder, kept = self._folder(collection), self._open.get(collection.name)
        name = folder.current()
        if name is None and kept is None and collection.settings.former_embedder:
            return self._look(_as_before(collection))
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

    def _serves_on(self, collection: Collection, kept: Opened, current: Path) -> bool:
        """Whether what is open is the current snapshot, or that one was opened and is damaged."""
        return current in (kept.path, self._refused.get(collection.name))

    def _last(self, collection: Collection, kept: Opened | None) -> Retriever | None:
        """With another embedder there is no snapshot at first: the one before it serves on.

        That of a deleted collection does not.
        """
        if kept is not None and kept.folder.current() is not None:
            return kept.retriever
        self._open.pop(collection.name, None)
        return None

    def _swap(
        self, collection: Collection, folder: Snapshots, kept: Opened | None
    ) -> Retriever | None:
        waited_for = kept is None or self._watch is None
        try:
            with nullcontext() if waited_for else unhurried():
                fresh = self._newest(collection, folder, kept)
        except (SnapshotError, OSError) as error:
            if kept is None:
                raise
            _log.error("snapshot refused, keeping the previous one", reason=str(error))
            return kept.retriever
        if fresh is None:
            return self._last(collection, kept)
        if fresh is not kept:
            if kept is not None and not waited_for:
                self._left.append(kept)
            self._open[collection.name] = fresh
            self._refused.pop(collection.name, None)
        return fresh.retriever

    def _newest(
        self, collection: Collection, folder: Snapshots, kept: Opened | None
    ) -> Opened | None:
        for attempt in range(_OPEN_ATTEMPTS):
            name = folder.current()
            if name is None:
                return None
            if kept is not None and self._serves_on(collection, kept, folder.path / name):
                return kept
            try:
                return self._opened(collection, folder, name, kept)
            except (SnapshotError, OSError) as error:
                if folder.current() == name or attempt == _OPEN_ATTEMPTS - 1:
                    passing = isinstance(error, (SnapshotUnavailable, OSError))
                    if not passing:
                        self._refused[collection.name] = folder.path / name
                    raise
        return None

    def _make_room(self, wanted: str) -> None:
        """Let go of what was asked for longest ago; questions under way end with what they have."""
        others = [name for name in list(self._open) if name != wanted]
        for name in sorted(others, key=lambda one: self._asked_at.get(one, 0.0)):
            if len(self._open) < self._most and not descriptors.few_left():
                return
            self._open.pop(name, None)

    def _opened(
        self, collection: Collection, folder: Snapshots, name: str, kept: Opened | None
    ) -> Opened:
        embedder = self._embedder(collection.settings)
        ready = self._ready.pop(collection.name, None)
        if ready is not None and ready.path == folder.path / name:
            retriever = ready.retriever.embedded_by(embedder)
        else:
            self._make_room(collection.name)
            retriever = Retriever(Snapshot.read(folder.open(name)), embedder)
        if kept is not None:
            retriever.prepare(kept.retriever.prepared)
        return Opened(folder, name, retriever)


def _as_before(collection: Collection) -> Collection:
    """The collection before its embedder was changed."""
    former = collection.settings.former_embedder
    settings = replace(collection.settings, embedder=former, former_embedder="")
    return replace(collection, settings=settings)
