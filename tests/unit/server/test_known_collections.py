"""What a server knows of collections, while their store is there and while it is away."""

from collections.abc import Iterator, Sequence
from threading import Event

import pytest
import structlog

from kg.errors import CollectionNotFound, StoreUnavailable
from kg.memory import MemoryStore
from kg.records import Collection, CollectionSettings
from server import known_collections as module
from server.known_collections import KnownCollections
from tests.doubles.waiting import until

SETTINGS = CollectionSettings()
OTHERS = CollectionSettings(embedder="another")


class Store(MemoryStore):
    """One that can be away, and counts how often it is asked for a collection."""

    away = False
    broken = False
    """Whether it fails in a way that nobody foresaw."""
    asked = 0
    looked = 0
    held: Event | None = None
    """What `collections` waits for before it returns what it found."""

    def collection(self, name: str) -> Collection:
        self.asked += 1
        self._see()
        return super().collection(name)

    def collections(self) -> Sequence[Collection]:
        self._see()
        found = super().collections()
        if self.held is not None:
            self.held.wait()
        self.looked += 1
        return found

    def _see(self) -> None:
        if self.broken:
            raise RuntimeError("a programming error")
        if self.away:
            raise StoreUnavailable("it is away")


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)
    store = Store()
    store.create_collection("papers", SETTINGS)
    return store


@pytest.fixture
def watching(store: Store) -> Iterator[KnownCollections]:
    seen = KnownCollections(store)
    seen.watch()
    until(lambda: store.looked > 0)
    yield seen
    seen.stop()


def looks(store: Store) -> None:
    """Until it was looked at what there is, from now on."""
    before = store.looked
    until(lambda: store.looked > before + 1)


def test_without_a_watch_the_store_is_asked_each_time(store: Store) -> None:
    seen = KnownCollections(store)
    assert seen.get("papers") == seen.get("papers")
    assert store.asked == 2
    store.away = True
    with pytest.raises(StoreUnavailable):
        seen.get("papers")


def test_what_is_known_is_not_asked_for(store: Store, watching: KnownCollections) -> None:
    assert watching.get("papers").name == "papers"
    assert store.asked == 0


def test_what_is_known_is_known_while_the_store_is_away(
    store: Store, watching: KnownCollections
) -> None:
    store.away = True
    assert watching.get("papers").name == "papers"
    with pytest.raises(StoreUnavailable):
        watching.get("never seen")


def test_an_unforeseen_error_does_not_end_the_watch(
    store: Store, watching: KnownCollections
) -> None:
    with structlog.testing.capture_logs() as logs:
        store.broken = True
        until(lambda: bool(logs))
        store.broken = False
        looks(store)
    assert logs[0]["event"] == "refreshing the collections failed; trying again"


def test_a_new_collection_is_asked_for(store: Store, watching: KnownCollections) -> None:
    store.held = Event()
    store.create_collection("new", SETTINGS)
    assert watching.get("new").name == watching.get("new").name == "new"
    assert store.asked == 1
    store.held.set()


def test_what_others_delete_or_change_is_noticed(store: Store, watching: KnownCollections) -> None:
    store.create_collection("notes", SETTINGS)
    store.delete_collection("papers")
    store.update_settings("notes", OTHERS)
    looks(store)
    assert watching.get("notes").settings == OTHERS
    with pytest.raises(CollectionNotFound):
        watching.get("papers")


def test_a_deletion_here_counts_at_once(store: Store, watching: KnownCollections) -> None:
    store.held = Event()
    store.delete_collection("papers")
    watching.forget("papers")
    with pytest.raises(CollectionNotFound):
        watching.get("papers")
    store.held.set()


def test_a_look_from_before_a_change_is_not_believed(
    store: Store, watching: KnownCollections
) -> None:
    store.held = held = Event()
    looks_begun = store.looked
    until(lambda: store.looked >= looks_begun)
    store.delete_collection("papers")
    watching.forget("papers")
    store.held = None
    held.set()
    with pytest.raises(CollectionNotFound):
        watching.get("papers")


def test_what_is_older_than_what_is_known_is_not_kept(
    store: Store, watching: KnownCollections
) -> None:
    newer = store.update_settings("papers", OTHERS)
    watching.note(newer)
    watching.note(Collection(name="papers", settings=SETTINGS))
    assert watching.get("papers") == newer
