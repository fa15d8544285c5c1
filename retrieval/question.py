"""Analysing a question: the names it links to, the question without them, and its clauses."""

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kg.surfaces import Span, longest_spans
from kg.tokens import Token, has_case, tokenise

_CLAUSE_WORDS = frozenset(
    "where which who whom that whose when "
    "где кто чей чья чьё чьи когда "
    "который которая которое которые которого которой которых котором "
    "الذي التي الذين اللذان اللتان اللاتي حيث متى عندما "
    "wo wer wen wem wessen welcher welche welches qui que dont où lequel laquelle "
    "quien donde cuyo cuya cuando".split()
)
"""A clause begins before one of these words (English, Russian, Arabic, German, French, Spanish)."""

_PREPOSITIONS = frozenset(
    "in on at of to from by for with about after before during under over through into within "
    "в во на о об из от до с со к ко у за под над при через для после "
    "في من إلى على عن مع بعد قبل خلال".split()
)
"""A clause takes the preposition before its first word with it."""

_COMMA = re.compile(r"[,;]\s|[，、；،؛]")
_AROUND_CLAUSES = " \t\r\n,;，、；،؛"
_MIN_CLAUSE_WORDS = 3
_MOST_CLAUSES = 16
"""The most clauses that are used. Each is embedded, compared with all passages and sentences, and
is a separate source; questions of benchmarks have five at most, a pasted page has hundreds."""
LONGEST = 10_000
"""The most characters in a question. Embedding models read the first thousand or so."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """A name in the question that the gazetteer knows."""

    surface: str
    start: int
    """Offset in the question."""
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Clause:
    """A part of the question that can be searched for on its own."""

    text: str
    start: int
    """Offset in the question."""
    end: int
    surfaces: frozenset[str]
    """The links that lie inside it, by their surfaces."""

    def holds(self, link: Link) -> bool:
        """Whether the link's name occurs in this clause."""
        return link.surface in self.surfaces


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """An analysed question."""

    text: str
    links: tuple[Link, ...]
    """The longest matches, each surface once, at its first occurrence."""
    surfaces: frozenset[str]
    """All surfaces that occur in it, nested ones too."""
    mask: str
    """The question without its links; '' if nothing is left, or nothing was linked."""
    clauses: tuple[Clause, ...]
    words: tuple[tuple[str, int], ...] = ()
    """Its words outside of links: (normal form, offset)."""
    unlinked: tuple[tuple[int, int], ...] = ()
    """The spans (start, end) of the question between links, of which the mask consists."""


def read_question(
    text: str, names: Callable[[Sequence[Token], bool], Sequence[Span]], *, cased: bool
) -> Question:
    """Find a question's links and clauses; `names` finds all spans of tokens that are in the
    gazetteer. If both the corpus (`cased`) and the question use capitals, a name must contain a
    capital or a digit.
    """
    tokens = tokenise(text)
    found = names(tokens, cased and has_case(tokens, text))
    spans = longest_spans(found)
    places = [(tokens[span.first].start, tokens[span.last].end) for span in spans]
    first: dict[str, Link] = {}
    for span, (start, end) in zip(spans, places, strict=True):
        if span.surface not in first:
            first[span.surface] = Link(surface=span.surface, start=start, end=end)
    linked = {number for span in spans for number in range(span.first, span.last + 1)}
    unlinked = _unlinked(text, places)
    return Question(
        text=text,
        links=tuple(first.values()),
        surfaces=frozenset([span.surface for span in found]),
        mask=" ".join("".join([text[start:end] for start, end in unlinked]).split()),
        words=tuple(
            [
                (token.form, token.start)
                for number, token in enumerate(tokens)
                if number not in linked
            ]
        ),
        unlinked=unlinked,
        clauses=tuple(_clauses(text, tokens, spans, places)),
    )


def _unlinked(text: str, places: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The texts between links; () if there are none."""
    starts = [0, *[end for _, end in places]]
    ends = [*[start for start, _ in places], len(text)]
    return tuple(zip(starts, ends, strict=True)) if places else ()


def _clauses(
    text: str, tokens: Sequence[Token], spans: Sequence[Span], places: Sequence[tuple[int, int]]
) -> list[Clause]:
    """Split before clause words (with their preposition) and after commas, never inside a link.

    The first `_MOST_CLAUSES` that are long enough.
    """
    inner = [
        cut
        for cut in sorted(_cuts(text, tokens))
        if 0 < cut < len(text) and not any(start < cut < end for start, end in places)
    ]
    clauses: list[Clause] = []
    starts = [token.start for token in tokens] if inner else []
    for start, end in pairwise([0, *inner, len(text)]) if inner else ():
        stripped = text[start:end].strip(_AROUND_CLAUSES)
        first = text.index(stripped, start)
        last = first + len(stripped)
        if bisect_left(starts, last) - bisect_left(starts, first) >= _MIN_CLAUSE_WORDS:
            inside = [
                span.surface
                for span, (begin, _) in zip(spans, places, strict=True)
                if start <= begin < end
            ]
            clauses.append(Clause(text=stripped, start=first, end=last, surfaces=frozenset(inside)))
    return clauses[:_MOST_CLAUSES]


def _cuts(text: str, tokens: Sequence[Token]) -> set[int]:
    """Where a clause may begin."""
    cuts = {match.end() for match in _COMMA.finditer(text)}
    for number, token in enumerate(tokens):
        if text[token.start : token.end].lower() in _CLAUSE_WORDS:
            before = tokens[number - 1] if number else token
            attached = text[before.start : before.end].lower() in _PREPOSITIONS
            cuts.add(before.start if attached else token.start)
    return cuts
