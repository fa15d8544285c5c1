"""What is done in the background lets others go first."""

from threading import Thread
from types import SimpleNamespace

import pytest

from kg.snapshot import background
from kg.snapshot.background import step, unhurried


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The sleeps between steps."""
    sleeps: list[float] = []
    monkeypatch.setattr(background, "time", SimpleNamespace(sleep=sleeps.append))
    return sleeps


def test_steps_that_somebody_waits_for_do_not_sleep(slept: list[float]) -> None:
    step()
    assert slept == []


def test_unhurried_steps_sleep_each(slept: list[float]) -> None:
    with unhurried():
        step()
        step()
    step()
    assert len(slept) == 2
    assert min(slept) > 0


def test_another_thread_stays_in_its_hurry(slept: list[float]) -> None:
    with unhurried():
        other = Thread(target=step)
        other.start()
        other.join()
    assert slept == []


def test_after_an_error_there_is_a_hurry_again(slept: list[float]) -> None:
    with pytest.raises(RuntimeError), unhurried():
        raise RuntimeError
    step()
    assert slept == []
