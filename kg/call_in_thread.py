"""Running a call in a thread of its own, so that its caller need not wait for it to the end.

A request to a server that hangs may take minutes to fail, and cannot be interrupted. The thread is
a daemon, so that a call that never returns does not keep the process alive either.
"""

from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from contextvars import copy_context
from threading import Thread
from typing import TypeVar

_Result = TypeVar("_Result")


def call_in_thread(action: Callable[[], _Result], *, name: str) -> "Future[_Result]":
    """Start the action in a new thread of that name, in a copy of the caller's context.

    The future takes what the action returns or raises. If somebody else completes the future first,
    the action's own outcome is dropped.
    """
    done: Future[_Result] = Future()
    context = copy_context()

    def run() -> None:
        with suppress(InvalidStateError):  # completed by somebody else
            try:
                done.set_result(context.run(action))
            except BaseException as error:
                done.set_exception(error)

    Thread(target=run, name=name, daemon=True).start()
    return done
