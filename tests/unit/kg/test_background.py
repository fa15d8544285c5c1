"""What is done in the background lets others go first."""

from threading import Thread
from types import SimpleNamespace

import pytest

from kg.snapshot import background
from kg.snapshot.background import step, unhurried


class _Clock:
    """Time that passes only where it is spent or slept."""

    def __init__(self) -> None:
        self.now = 100.0
        self.sleeps: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds

    def work(self, milliseconds: float) -> None:
        self.now += milliseconds / 1000
        step()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    """The clock that steps look at."""
    made = _Clock()
    fake = SimpleNamespace(sleep=made.sleep, perf_counter=lambda: made.now)
    monkeypatch.setattr(background, "time", fake)
    return made


def test_steps_that_somebody_waits_for_do_not_rest(clock: _Clock) -> None:
    clock.work(5)
    assert clock.sleeps == []


def test_after_half_a_millisecond_of_work_an_unhurried_thread_rests(clock: _Clock) -> None:
    with unhurried():
        clock.work(0.6)
    assert len(clock.sleeps) == 1


def test_small_steps_rest_together(clock: _Clock) -> None:
    with unhurried():
        for _ in range(22):
            clock.work(0.05)
    assert len(clock.sleeps) == 2


def test_an_unhurried_thread_rests_longer_than_it_works(clock: _Clock) -> None:
    with unhurried():
        for _ in range(100):
            clock.work(0.1)
    assert sum(clock.sleeps) > 3 * 100 * 0.0001


def test_another_thread_stays_in_its_hurry(clock: _Clock) -> None:
    with unhurried():
        other = Thread(target=clock.work, args=(5,))
        other.start()
        other.join()
    assert clock.sleeps == []


def test_after_an_error_there_is_a_hurry_again(clock: _Clock) -> None:
    with pytest.raises(RuntimeError), unhurried():
        raise RuntimeError
    clock.work(5)
    assert clock.sleeps == []
