"""Work that does not end in time is left."""

import signal
import time
from collections.abc import Iterator

import pytest

from server.forced_exit import interrupt_after, interruptible


@pytest.fixture(autouse=True)
def _alarm() -> Iterator[None]:
    """Others' handler is theirs again afterwards."""
    before = signal.getsignal(signal.SIGALRM)
    yield
    signal.signal(signal.SIGALRM, before)


def _wait() -> None:
    deadline = time.monotonic() + 20.0
    while time.monotonic() < deadline:
        time.sleep(0.05)


def test_work_that_hangs_is_left_in_time() -> None:
    began = time.monotonic()
    with interrupt_after(lambda: True, 0.5, work=0.5):
        assert not interruptible(_wait)
    assert time.monotonic() - began < 10.0


def test_work_that_ends_in_time_is_not_interrupted() -> None:
    with interrupt_after(lambda: True, 0.1, work=60.0):
        assert interruptible(lambda: time.sleep(0.6))
