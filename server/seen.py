"""The collections that this process knows of.

To answer a question a server needs no more of the store than how the collection is indexed: the
walk itself goes over a snapshot. So a server that watches keeps in mind what collections there are,
and a thread looks once a second what became of them. A question waits for the store only if nothing
is known of its collection; while the store is away, all others are answered from what is known.

Hence a collection that another process deleted, or had indexed otherwise, is answered as before for
a second at most, or for as long as the store is away; what this process does counts at once.
Without a watch, as in a command, the store is asked each time.
"""

from contextlib import suppress
from threading import Event, Lock, Thread

import structlog

from kg.errors import StoreError
from kg.haste import hurried
from kg.records import Collection
from kg.store import GraphStore

LOOK_SECONDS = 1.0
SILENCE_SECONDS = 1.5
"""For which a question puts up with a store that says nothing."""
_STOP_SECONDS = 5.0

_log = structlog.get_logger(__name__)


class Seen:
    """Collections by name. Safe for several threads."""

    def __init__(self, store: GraphStore) -> None:
        """Nothing is known yet."""
        self._store = store
        self._known: dict[str, Collection] = {}
        self._changes = 0
        self._lock = Lock()
        self._stop = Event()
        self._watch: Thread | None = None

    def get(self, name: str) -> Collection:
        """The collection of that name.

        Raises: CollectionNotFound; StoreUnavailable if the store is unavailable and nothing is
        known.
        """
        if self._watch is None:
            return self._store.collection(name)
        with self._lock:
            found = self._known.get(name)
        if found is None:
            with hurried(SILENCE_SECONDS):
                found = self._store.collection(name)
            self.note(found)
        return found

    def note(self, collection: Collection) -> None:
        """Remember the store's answer about a collection, unless a newer one is known."""
        with self._lock:
            known = self._known.get(collection.name)
            if known is None or known.revision <= collection.revision:
                self._known[collection.name] = collection
                self._changes += 1

    def forget(self, name: str) -> None:
        """The collection was deleted or changed here: ask the store when it is asked for."""
        with self._lock:
            self._known.pop(name, None)
            self._changes += 1

    def watch(self) -> None:
        """Look what there is, in the background, until `stop`."""
        self._stop.clear()
        self._watch = Thread(target=self._follow, name="collections", daemon=True)
        self._watch.start()

    def stop(self) -> None:
        """End the watch."""
        self._stop.set()
        if self._watch is not None:
            self._watch.join(_STOP_SECONDS)
            self._watch = None

    def _follow(self) -> None:
        while True:
            try:
                with suppress(StoreError), hurried():  # until it is back, what is known is known
                    self._look()
            except Exception:  # the outermost boundary of a thread that nobody would miss
                _log.exception("looking for collections failed; trying again")
            if self._stop.wait(LOOK_SECONDS):
                return

    def _look(self) -> None:
        with self._lock:
            before = self._changes
        found = {one.name: one for one in self._store.collections()}
        with self._lock:
            if self._changes == before:  # else what was found may be from before the change
                self._known = found
