"""Surface forms: the spans of a text that may be names, and the keys they are looked up by.

A surface is the normal forms of at most `MAX_TOKENS` tokens, joined by spaces. Its key is a 64-bit
hash, by which a snapshot finds it in one sorted array.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from kg.tokens import Token

MAX_TOKENS = 12
"""Longer names are not looked for."""
FNV_START, FNV_PRIME = 0xCBF29CE484222325, 0x100000001B3
MIXING = (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53)
_WORD = 2**64 - 1
_REMEMBERED = 4096
"""Size of the cache of keys: most words of a question occur in many."""


class Span(NamedTuple):
    """A candidate or matched surface in a text."""

    surface: str
    first: int
    """Number of its first token."""
    last: int
    """Number of its last token."""


def surface_of(tokens: Sequence[Token]) -> str:
    """The surface of these tokens."""
    return " ".join(token.form for token in tokens)


@lru_cache(_REMEMBERED)
def key_of(surface: str) -> int:
    """The surface's 64-bit key: FNV-1a of its UTF-8 bytes, mixed by MurmurHash3's last step, so
    that keys are evenly distributed. A compiled loop also computes it (`retrieval.loops.surfaces`).
    """
    key = FNV_START
    for byte in surface.encode("utf-8"):
        key = (key ^ byte) * FNV_PRIME & _WORD
    for factor in MIXING:
        key = (key ^ key >> 33) * factor & _WORD
    return key ^ key >> 33


def spans(tokens: Sequence[Token], *, cased: bool, longest: int = MAX_TOKENS) -> Iterator[Span]:
    """All spans that may be names, by first token, then by length.

    With `cased`, a span must contain a token that looks like part of a name.
    """
    for first in range(len(tokens)):
        form, named = "", not cased
        for last in range(first, min(first + longest, len(tokens))):
            token = tokens[last]
            form = f"{form} {token.form}" if form else token.form
            named = named or token.named
            if named and (last > first or token.alone):
                yield Span(form, first, last)


def outer_spans(found: Sequence[Span]) -> list[Span]:
    """The spans that are not inside a longer one, in order."""
    kept: list[Span] = []
    for span in sorted(found, key=lambda span: (span.first, -span.last)):
        if not kept or span.last > kept[-1].last:
            kept.append(span)
    return kept


def matches(
    tokens: Sequence[Token], *, cased: bool, known: Callable[[str], bool], longest: int = MAX_TOKENS
) -> list[Span]:
    """All spans whose surface is known, including nested ones."""
    return [span for span in spans(tokens, cased=cased, longest=longest) if known(span.surface)]
