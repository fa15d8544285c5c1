"""Labels in a picture: what of a text is written, and on which lines."""

import unicodedata
from collections.abc import Iterator

import regex

_LINE_CELLS = 25
_ELLIPSIS = "…"
_WIDE = frozenset("@%&#+<=>~—…") | frozenset("mwæœMWÆŒωжмфшщыюљњЖМФШЩЫЮЉЊ")
"""Letters and signs about twice as wide as others, in most fonts."""
_CAPITAL_CELLS = 1.3
_BIDI_CONTROLS = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
_GRAPHEME = regex.compile(r"\X")


def drawable(text: str) -> str:
    """A text without characters that XML does not allow, and without controls of its direction,
    which would reverse what is drawn."""
    kept = (c for c in text if (c >= " " or c in "\t\n\r") and c not in "\ufffe\uffff")
    return (
        "".join(c for c in kept if c not in _BIDI_CONTROLS)
        .encode("utf-8", "replace")
        .decode("utf-8")
    )


def is_right_to_left(text: str) -> bool:
    """Whether its first letter is written from right to left."""
    kinds = (unicodedata.bidirectional(char) for char in text)
    return next((kind for kind in kinds if kind in {"L", "R", "AL"}), "L") != "L"


def two_lines(label: str) -> list[str]:
    """As much of a label as fits on two lines, or on one; a cut falls between graphemes."""
    flat = " ".join(label.split())
    first = _fitting(flat, _LINE_CELLS)
    if first != flat and " " in first:
        first = first.rsplit(" ", 1)[0]
    rest = flat[len(first) :].strip()
    if not rest:
        return [first]
    second = _fitting(rest, _LINE_CELLS)
    if second != rest:
        second = _fitting(rest, _LINE_CELLS - _cells(_ELLIPSIS)).rstrip() + _ELLIPSIS
    return [first, second]


def _fitting(text: str, cells: float) -> str:
    """The longest beginning that fits into so many cells."""
    end = 0
    for grapheme in _graphemes(text):
        cells -= _cells(grapheme)
        if cells < 0:
            break
        end += len(grapheme)
    return text[:end]


def _graphemes(text: str) -> Iterator[str]:
    """What is read as one character: a letter with its marks."""
    return (match.group() for match in _GRAPHEME.finditer(text))


def _cells(text: str) -> float:
    """About how wide a text is; a small letter is one cell, an ideograph two."""
    return sum(map(_cells_of, text))


def _cells_of(char: str) -> float:
    if unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0
    if char in _WIDE or unicodedata.east_asian_width(char) in "WF":
        return 2
    return _CAPITAL_CELLS if char.isupper() else 1
