"""A store that is away when a process begins, or ends."""

import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest
import structlog

from kg.errors import StoreRefused, StoreStarting, StoreUnavailable
from kg.memory import MemoryStore
from kg.store import GraphStore
from server import store_outage
from server.settings import Settings
from tests.doubles.house import settings_in


class Store(MemoryStore):
    """One that answers when it was asked so often, and knows whether it was closed."""

    def __init__(
        self, *troubles: StoreUnavailable | None, always: StoreUnavailable | None = None
    ) -> None:
        super().__init__()
        self._troubles = list(troubles)
        self._always = always
        self.closed = Event()

    def probe(self) -> None:
        trouble = self._troubles.pop(0) if self._troubles else self._always
        if trouble:
            raise trouble

    def close(self) -> None:
        self.closed.set()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_outage, "_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(store_outage, "_LOOK_SECONDS", 0.01)


GONE = StoreUnavailable("nobody listens")


def test_a_store_is_waited_for_and_what_is_waited_for_is_told(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, store="neo4j", neo4j_uri="bolt://graph:7687")
    with structlog.testing.capture_logs() as told:
        store_outage.wait_for(Store(GONE, GONE, GONE), settings)
    assert [line["event"] for line in told] == [
        "waiting for Neo4j at bolt://graph:7687 for 0 s",
        "Neo4j at bolt://graph:7687 is available",
    ]
    assert told[0]["reason"] == "nobody listens"


def test_of_a_store_that_is_there_nothing_is_told(tmp_path: Path) -> None:
    with structlog.testing.capture_logs() as told:
        store_outage.wait_for(Store(), settings_in(tmp_path))
        store_outage.warn_if_unavailable(Store(), settings_in(tmp_path))
    assert told == []


def test_a_server_begins_without_its_store_and_says_so(tmp_path: Path) -> None:
    with structlog.testing.capture_logs() as told:
        store_outage.warn_if_unavailable(Store(always=GONE), settings_in(tmp_path, store="neo4j"))
    assert told[0]["event"] == "not ready, waiting for Neo4j at bolt://127.0.0.1:7687"


@pytest.mark.parametrize("begin", [store_outage.wait_for, store_outage.warn_if_unavailable])
def test_what_no_waiting_mends_is_not_waited_for(
    tmp_path: Path, begin: Callable[[GraphStore, Settings], None]
) -> None:
    with pytest.raises(StoreRefused, match="password"):
        begin(Store(always=StoreRefused("a wrong password")), settings_in(tmp_path))


def test_a_store_that_comes_and_lets_nobody_in_is_waited_for_no_more(tmp_path: Path) -> None:
    with pytest.raises(StoreRefused, match="password"):
        store_outage.wait_for(Store(GONE, StoreRefused("a wrong password")), settings_in(tmp_path))


def test_a_silent_store_is_asked_again_by_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_outage, "_REFUSAL_SECONDS", 0.0)
    store_outage.check_available(Store(GONE, GONE))


def test_a_silent_store_is_not_waited_for_by_a_command_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store_outage, "_REFUSAL_SECONDS", 0.0)
    monkeypatch.setattr(store_outage, "SILENCE_SECONDS", 0.05)
    with pytest.raises(StoreUnavailable, match="nobody listens"):
        store_outage.check_available(Store(always=GONE))


def test_a_store_that_is_gone_is_not_waited_for_by_a_command() -> None:
    with pytest.raises(StoreUnavailable, match="nobody listens"):
        store_outage.check_available(Store(GONE))


def test_a_store_that_is_not_ready_yet_is_waited_for_by_a_command() -> None:
    store_outage.check_available(Store(*[StoreStarting("database unavailable")] * 3))


def test_a_store_that_never_is_ready_is_not_waited_for_by_a_command_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store_outage, "_START_SECONDS", 0.1)
    with pytest.raises(StoreStarting, match="database unavailable"):
        store_outage.check_available(Store(always=StoreStarting("database unavailable")))


def test_whoever_ends_does_not_wait_for_a_store_that_is_away() -> None:
    store = Store(always=GONE)
    with store_outage.abandoned_on_outage(store):
        assert store.closed.wait(60)


def test_one_miss_is_not_taken_for_absence() -> None:
    store = Store(GONE, None, GONE, None, GONE)
    with store_outage.abandoned_on_outage(store):
        time.sleep(0.2)
    assert not store.closed.is_set()
