"""Callbacks that save an answer as soon as it has arrived.

The client library reads an answer, releases its connection and builds objects before it returns,
and rate limits are updated meanwhile. A crash in that time would lose an answer that was paid for.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from inference.chat import Arrived

_ARRIVED: ContextVar[Arrived | None] = ContextVar("arrived", default=None)
"""The callback for this thread's answers."""
_KEYS = (b'"choices"', b'"data"')
"""Every answer of the protocol has one of these: chat models the first, embedders the second."""
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
    """A successful response that is not from a model, as from a proxy whose server is down."""

    def __init__(self, said: str, request: Any) -> None:
        """`said`: the beginning of the body; `request`: the HTTP client's request."""
        super().__init__(f"its answer is not JSON of OpenAI's protocol: {said!r}")
        self.request = request


def show(response: _Response) -> None:
    """The HTTP client's response hook, called when the headers have arrived. Error responses are
    ignored.

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
