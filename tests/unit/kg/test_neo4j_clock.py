"""The server's time, asked for now and then."""

import time

import pytest

from kg.errors import StoreUnavailable
from kg.neo4j.clock import ASKED_AGAIN, ServerClock


class Server:
    """Tells the time, unless it is away."""

    def __init__(self, now: float) -> None:
        self.now, self.asked, self.away = now, 0, False

    def __call__(self) -> float:
        self.asked += 1
        if self.away:
            raise StoreUnavailable("away")
        return self.now


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds of the clock that never jumps."""
    seconds = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: seconds[0])
    return seconds


def test_it_is_asked_once_in_a_while_and_time_passes_meanwhile(passed: list[float]) -> None:
    server = Server(5_000_000.0)
    clock = ServerClock(server)
    assert clock() == 5_000_000.0
    passed[0] += 10.0
    assert (clock(), server.asked) == (5_000_010.0, 1)
    server.now, passed[0] = 5_000_100.0, 1000.0 + ASKED_AGAIN
    assert (clock(), server.asked) == (5_000_100.0, 2)


def test_while_it_is_away_what_is_known_counts(passed: list[float]) -> None:
    server = Server(5_000_000.0)
    clock = ServerClock(server)
    clock()
    server.away, passed[0] = True, 1090.0
    assert (clock(), clock(), server.asked) == (5_000_090.0, 5_000_090.0, 2)


def test_one_that_was_never_there_leaves_this_machine_s_clock(
    passed: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(5_000_000.0)
    server.away = True
    monkeypatch.setattr(time, "time", lambda: 7.0)
    clock = ServerClock(server)
    assert clock() == 7.0
    server.away = False
    assert clock() == 5_000_000.0
