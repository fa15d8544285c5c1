"""Standard output that may be full or read no further."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast


class OutputUnwritable(Exception):
    """Standard output takes no more; that nobody reads it any more is a BrokenPipeError instead."""


@contextmanager
def written() -> Iterator[None]:
    """Around what writes to standard output. Raises: OutputUnwritable, BrokenPipeError."""
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
    """Whatever is printed within is checked, and has left at the end."""
    plain = sys.stdout
    if plain is None:  # closed by whoever started us
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
    """Let go of what could not be written: Python would try, and complain, once more at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


class _Checked:
    """A text stream whose errors are ours."""

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
