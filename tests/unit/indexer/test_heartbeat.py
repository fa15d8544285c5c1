"""What beats goes on beating until the body ends."""

from threading import Event, current_thread

from structlog.testing import capture_logs

from indexer.heartbeat import beating
from kg.errors import StoreUnavailable


def test_the_first_beat_waits_unless_told_otherwise() -> None:
    beaten = Event()
    with beating(beaten.set, 60.0, "drum", failure="no drum"):
        pass
    assert not beaten.is_set()
    with beating(beaten.set, 60.0, "drum", failure="no drum", at_once=True):
        assert beaten.wait(60)


def test_a_beat_that_fails_is_told_and_not_the_last() -> None:
    beats: list[int] = []
    again = Event()

    def beat() -> None:
        beats.append(1)
        if len(beats) == 1:
            raise StoreUnavailable("the store is away")
        again.set()

    with capture_logs() as logs, beating(beat, 0.001, "broom", failure="broom not held"):
        assert again.wait(60)
    assert [log["event"] for log in logs] == ["broom not held"]


def test_what_fails_for_the_same_reason_is_told_once() -> None:
    reasons = iter(["gone", "gone", "gone", "elsewhere", "gone"])
    ended = Event()

    def beat() -> None:
        for reason in reasons:
            raise OSError(reason)
        ended.set()

    with capture_logs() as logs, beating(beat, 0.001, "broom", failure="broom not held"):
        assert ended.wait(60)
    assert [log["reason"] for log in logs] == ["gone", "elsewhere", "gone"]


def test_a_beat_that_stumbles_over_a_mistake_is_told_and_not_the_last() -> None:
    beats: list[int] = []
    again = Event()

    def beat() -> None:
        beats.append(1)
        if len(beats) < 3:
            raise KeyError("a mistake")
        again.set()

    with capture_logs() as logs, beating(beat, 0.001, "broom", failure="broom not held"):
        assert again.wait(60)
    assert [(log["event"], log["exc_info"]) for log in logs] == [("broom not held", True)]


def test_the_thread_has_a_name() -> None:
    names: list[str] = []
    beaten = Event()

    def beat() -> None:
        names.append(current_thread().name)
        beaten.set()

    with beating(beat, 60.0, "broom", failure="broom not held", at_once=True):
        assert beaten.wait(60)
    assert names == ["broom"]


def test_nothing_beats_after_the_body() -> None:
    beats: list[int] = []
    with beating(lambda: beats.append(1), 0.0, "drum", failure="no drum", at_once=True):
        pass
    count = len(beats)
    assert not Event().wait(0.02)
    assert len(beats) == count
