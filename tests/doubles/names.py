"""A gazetteer that knows a few surfaces."""

from collections.abc import Callable, Sequence

from kg.surfaces import Span, matches
from kg.tokens import Token


def named(*surfaces: str) -> Callable[[Sequence[Token], bool], list[Span]]:
    """What finds these in a question."""

    def names(tokens: Sequence[Token], cased: bool) -> list[Span]:
        return matches(tokens, cased=cased, known=set(surfaces).__contains__)

    return names
