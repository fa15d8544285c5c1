"""A gazetteer that knows a few surfaces."""

from collections.abc import Callable, Sequence

from kg.surfaces import Span, matches
from kg.tokens import Token, Tokens
from retrieval.gazetteer import Name


def named(*surfaces: str) -> Callable[[Tokens, bool], tuple[list[Name], list[int]]]:
    """What finds these in a question; each means the entry of its number here."""
    numbers = {surface: (number,) for number, surface in enumerate(surfaces)}
    return found_by(lambda surface: numbers.get(surface))


def found_by(
    meaning: Callable[[str], tuple[int, ...] | None],
) -> Callable[[Tokens, bool], tuple[list[Name], list[int]]]:
    """What finds the surfaces that mean something."""

    def names(tokens: Tokens, cased: bool) -> tuple[list[Name], list[int]]:
        found = matches(
            list(map(Token, *tokens)), cased=cased, known=lambda one: meaning(one) is not None
        )
        longest = sorted(longest_of(found), key=lambda span: span.first)
        return (
            [(span.first, span.last, meaning(span.surface) or ()) for span in longest],
            [entry for span in found for entry in meaning(span.surface) or ()],
        )

    return names


def longest_of(found: Sequence[Span]) -> list[Span]:
    """The longest that do not overlap, the earlier of equally long ones."""
    kept: list[Span] = []
    for span in sorted(found, key=lambda span: (span.first - span.last, span.first)):
        if all(span.last < other.first or other.last < span.first for other in kept):
            kept.append(span)
    return kept
