"""Calls in a thread of their own."""

from contextvars import ContextVar
from queue import Queue
from threading import Event, Thread, current_thread

import pytest

from kg.call_in_thread import call_in_thread


def test_the_result_arrives() -> None:
    assert call_in_thread(lambda: 42, name="call").result(60) == 42


def test_what_the_call_raises_arrives() -> None:
    def fail() -> None:
        raise KeyError("gone")

    with pytest.raises(KeyError, match="gone"):
        call_in_thread(fail, name="call").result(60)


def test_it_runs_in_a_daemon_thread_of_the_given_name() -> None:
    thread = call_in_thread(current_thread, name="call").result(60)
    assert (thread.name, thread.daemon) == ("call", True)


def test_it_sees_the_context_of_its_caller() -> None:
    patience: ContextVar[int] = ContextVar("patience", default=0)
    patience.set(7)
    assert call_in_thread(patience.get, name="call").result(60) == 7


def test_the_outcome_is_dropped_if_the_future_was_completed_meanwhile() -> None:
    threads: Queue[Thread] = Queue()
    released = Event()

    def wait() -> str:
        threads.put(current_thread())
        released.wait(60)
        return "late"

    done = call_in_thread(wait, name="call")
    thread = threads.get(timeout=60)
    done.set_result("early")
    released.set()
    thread.join(60)
    assert done.result() == "early"
