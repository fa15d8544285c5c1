"""What beats goes on beating until the body ends."""

from threading import Event

from structlog.testing import capture_logs

from indexer.heartbeat import beating
from kg.errors import StoreUnavailable


def test_the_first_beat_waits_unless_told_otherwise() -> None:
    beaten = Event()
    with beating(beaten.set, 60.0):
        pass
    assert not beaten.is_set()
    with beating(beaten.set, 60.0, at_once=True):
        assert beaten.wait(10)


def test_a_beat_that_fails_is_told_and_not_the_last() -> None:
    beats: list[int] = []
    again = Event()

    def beat() -> None:
        beats.append(1)
        if len(beats) == 1:
            raise StoreUnavailable("the store is away")
        again.set()

    with capture_logs() as logs, beating(beat, 0.001, failure="broom not held"):
        assert again.wait(10)
    assert [log["event"] for log in logs] == ["broom not held"]


def test_nothing_beats_after_the_body() -> None:
    beats: list[int] = []
    with beating(lambda: beats.append(1), 0.0, at_once=True):
        pass
    count = len(beats)
    assert not Event().wait(0.02)
    assert len(beats) == count
