"""Handling standard output that is full, or that nobody reads any more."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast


class OutputUnwritable(Exception):
    """Standard output cannot be written to, as on a full disk. (A closed pipe raises
    BrokenPipeError.)"""


@contextmanager
def written() -> Iterator[None]:
    """Wraps code that writes to standard output. Raises: OutputUnwritable, BrokenPipeError."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputUnwritable(
            f"Cannot write to standard output: {error.strerror or error}. Free space there, or "
            "redirect the output."
        ) from error


@contextmanager
def checked() -> Iterator[None]:
    """Everything printed in the body is checked, and flushed at the end."""
    plain = sys.stdout
    if plain is None:  # the parent process closed it
        yield
        return
    sys.stdout = ours = cast(TextIO, _Checked(plain))
    try:
        yield
        sys.stdout.flush()
    finally:
        if sys.stdout is ours:
            sys.stdout = plain


def drop() -> None:
    """Discard unwritten output: Python would otherwise try again, and complain, when it exits."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


class _Checked:
    """A text stream that raises our own errors."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with written():
            return self._stream.write(text)

    def flush(self) -> None:
        with written():
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
