"""Callbacks that can save an answer as soon as it has arrived.

The client library reads an answer, releases its connection, builds objects, and only then returns;
rate limits are updated meanwhile. A crash during that time would lose an answer that had arrived.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from inference.chat import Arrived

_ARRIVED: ContextVar[Arrived | None] = ContextVar("arrived", default=None)
"""Whom this thread's answers are shown to."""
_KEYS = (b'"choices"', b'"data"')
"""One of which each answer of the protocol has: of chat models, of embedders."""
_SHOWN = 200
"""Bytes."""


class _Response(Protocol):
    """The HTTP client's."""

    @property
    def is_success(self) -> bool: ...
    @property
    def request(self) -> Any: ...
    def read(self) -> bytes: ...


@contextmanager
def shown_to(arrived: Arrived | None) -> Iterator[None]:
    """Pass this thread's answers to a callback while the body runs."""
    before = _ARRIVED.set(arrived)
    try:
        yield
    finally:
        _ARRIVED.reset(before)


class ForeignAnswer(Exception):
    """A success that is nobody's answer, as of a proxy whose server is away."""

    def __init__(self, said: str, request: Any) -> None:
        """What was said to a request of the HTTP client's."""
        super().__init__(f"its answer is not JSON of OpenAI's protocol: {said!r}")
        self.request = request


def show(response: _Response) -> None:
    """The HTTP client's hook: called when an answer's head is there. Errors are no answers.

    Raises: ForeignAnswer.
    """
    if not response.is_success:
        return
    body = response.read()
    if not body.lstrip().startswith(b"{") or not any(key in body for key in _KEYS):
        said = " ".join(body[:_SHOWN].decode(errors="replace").split())
        raise ForeignAnswer(said, response.request)
    arrived = _ARRIVED.get()
    if arrived is not None:
        arrived(body)
