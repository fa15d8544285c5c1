"""A cache of the store's collections and their settings, so that questions need not wait for it.

To answer a question, all that a server needs from the store is how the collection is indexed: the
walk itself reads a snapshot. So a server remembers its collections, and a thread refreshes them
every second. A question waits for the store only if nothing is known of its collection; if the
store is unavailable, questions to known collections are still answered.

As a consequence, a collection that another process deleted or changed is answered as before for up
to a second, or for as long as the store is unavailable; changes by this process apply at once.
Without that thread, as in a command, the store is asked each time.
"""

from contextlib import suppress
from threading import Event, Lock, Thread

import structlog

from kg.errors import StoreError
from kg.fail_fast import failing_fast
from kg.records import Collection
from kg.store import GraphStore

LOOK_SECONDS = 1.0
SILENCE_SECONDS = 1.5
"""How long a question waits for a store that does not answer."""
_STOP_SECONDS = 5.0

_log = structlog.get_logger(__name__)


class KnownCollections:
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
            with failing_fast(SILENCE_SECONDS):
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
        """Drop a collection that was deleted or changed here: the next `get` asks the store."""
        with self._lock:
            self._known.pop(name, None)
            self._changes += 1

    def watch(self) -> None:
        """Refresh all collections in the background, until `stop`."""
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
                with suppress(StoreError), failing_fast():  # an unavailable store changes nothing
                    self._refresh()
            except Exception:  # the outermost boundary of a thread whose end nobody would notice
                _log.exception("refreshing the collections failed; trying again")
            if self._stop.wait(LOOK_SECONDS):
                return

    def _refresh(self) -> None:
        with self._lock:
            before = self._changes
        found = {one.name: one for one in self._store.collections()}
        with self._lock:
            if self._changes == before:  # otherwise the answer may predate the change
                self._known = found
