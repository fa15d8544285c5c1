"""What commands print: JSON or text on standard output, everything else on standard error."""

import json
import re
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from server.reports.quarantine import Quarantined

NO_COLLECTIONS = "There are no collections yet: ammon ingest PATH"

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Characters that steer a terminal, or turn round what it shows after them."""

_QUARANTINE_SHOWN = 10


def print_json(value: dict[str, Any], *, line: bool = False) -> None:
    """Print one JSON object, indented; with `line` on a single line, for output of many objects."""
    text = json.dumps(value, ensure_ascii=False, indent=None if line else 2, default=str)
    sys.stdout.write(text.encode("utf-8", "replace").decode("utf-8") + "\n")
    sys.stdout.flush()  # who reads one object a line need not wait for the next


def print_line(text: str) -> None:
    """Print a text without wrapping it on a terminal, so that addresses stay whole."""
    console().print(text, soft_wrap=True)


def print_error(message: str) -> None:
    """Print one clear line, red where standard error is a terminal."""
    _print_marked("Error", "bold red", message)


def print_warning(message: str) -> None:
    """Print a warning on one line."""
    _print_marked("Warning", "yellow", message)


def counted(number: int, noun: str, plural: str = "") -> str:
    """'1 document', '2 documents'."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural or noun + 's'}"


def quarantine_lines(quarantine: "Sequence[Quarantined]") -> "Iterator[str]":
    """A line for each document, up to a few: --json shows all."""
    documents: dict[str, list[Quarantined]] = {}
    for one in quarantine:
        documents.setdefault(one.source, []).append(one)
    for source, found in list(documents.items())[:_QUARANTINE_SHOWN]:
        passages = counted(len(found), "passage")
        yield f"{source}: {passages} in quarantine, found by text alone: {found[0].reason}"
    more = len(documents) - _QUARANTINE_SHOWN
    if more > 0:
        yield f"… and {counted(more, 'more document')} with passages in quarantine (--json)"


def console(*, stderr: bool = False) -> "Console":
    """A console that interprets no markup and wraps lines only on a terminal."""
    from rich.console import Console

    made = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    made.soft_wrap = not made.is_terminal
    return made


def printable(text: str) -> str:
    """A document's text without control characters, which could steer the terminal, and without
    those that turn round the text after them."""
    return _CONTROL.sub("", text)


def _print_marked(mark: str, style: str, message: str) -> None:
    from rich.text import Text

    line = Text.assemble((f"{mark}: ", style), printable(" ".join(message.split())))
    console(stderr=True).print(line, soft_wrap=True)
