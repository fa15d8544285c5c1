"""Callbacks that can save an answer as soon as it has arrived.

The client library reads an answer, releases its connection, builds objects, and only then returns;
rate limits are updated meanwhile. A crash during that time would lose an answer that had arrived.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

from inference.chat import Arrived

_ARRIVED: ContextVar[Arrived | None] = ContextVar("arrived", default=None)
"""Whom this thread's answers are shown to."""


class _Response(Protocol):
    """The HTTP client's."""

    @property
    def is_success(self) -> bool: ...
    def read(self) -> bytes: ...


@contextmanager
def shown_to(arrived: Arrived | None) -> Iterator[None]:
    """Pass this thread's answers to a callback while the body runs."""
    before = _ARRIVED.set(arrived)
    try:
        yield
    finally:
        _ARRIVED.reset(before)


def show(response: _Response) -> None:
    """The HTTP client's hook: called when an answer's head is there. Errors are no answers."""
    arrived = _ARRIVED.get()
    if arrived is not None and response.is_success:
        arrived(response.read())
