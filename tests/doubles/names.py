"""A gazetteer that knows a few surfaces."""

from collections.abc import Callable, Sequence

from kg.surfaces import Span, matches
from kg.tokens import Token, Tokens
from retrieval.gazetteer import Name


def named(*surfaces: str) -> Callable[[Tokens, bool], list[Name]]:
    """What finds these in a question; each means the entry of its number here."""
    numbers = {surface: (number,) for number, surface in enumerate(surfaces)}
    return found_by(lambda surface: numbers.get(surface))


def found_by(
    meaning: Callable[[str], tuple[int, ...] | None],
) -> Callable[[Tokens, bool], list[Name]]:
    """What finds the surfaces that mean something."""

    def names(tokens: Tokens, cased: bool) -> list[Name]:
        found = matches(
            list(map(Token, *tokens)), cased=cased, known=lambda one: meaning(one) is not None
        )
        longest = longest_of(found)
        return [
            Name(span.first, span.last, span in longest, meaning(span.surface) or ())
            for span in found
        ]

    return names


def longest_of(found: Sequence[Span]) -> list[Span]:
    """The longest that do not overlap, the earlier of equally long ones."""
    kept: list[Span] = []
    for span in sorted(found, key=lambda span: (span.first - span.last, span.first)):
        if all(span.last < other.first or other.last < span.first for other in kept):
            kept.append(span)
    return kept
