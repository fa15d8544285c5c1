"""Reading a question: which names it links to, what it asks without them, and its clauses."""

import re
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from itertools import islice, pairwise

from kg.surfaces import longest_spans, spans
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
_MIN_CLAUSE_WORDS = 3
_MOST_CLAUSES = 16
"""The first so many are looked for. Each is embedded, compared with all passages and sentences, and
is a source of its own; questions of benchmarks have five at most, a pasted page has hundreds."""
LONGEST = 10_000
"""Characters of a question. Embedding models read the first thousand or so."""
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """A name in the question that the gazetteer knows."""

    surface: str
    start: int
    """Offset in the question."""
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Clause:
    """A part of the question that can be looked for on its own."""

    text: str
    start: int
    """Offset in the question."""
    end: int
    surfaces: frozenset[str]
    """The links that lie inside it, by their surfaces."""

    def holds(self, link: Link) -> bool:
        """Whether the link's name stands inside this clause, here or elsewhere too."""
        return link.surface in self.surfaces


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A question, read."""

    text: str
    links: tuple[Link, ...]
    """The longest matches, each surface once, where it stands first."""
    surfaces: frozenset[str]
    """All surfaces that occur in it, nested ones too."""
    mask: str
    """The question without its links; '' if nothing is left, or nothing was linked."""
    clauses: tuple[Clause, ...]
    words: tuple[tuple[str, int], ...] = ()
    """Its words outside of links: (normal form, offset)."""
    unlinked: tuple[tuple[int, int], ...] = ()
    """Where in the question the mask is from: (start, end) of what lies between links."""


def read_question(
    text: str, known: Callable[[Sequence[str]], Set[str]], *, cased: bool
) -> Question:
    """Link and cut a question; `known` says which of many surfaces the gazetteer has.

    Names must have a capital or a digit where the corpus (`cased`) and the question have case.
    """
    tokens = tokenise(text)
    possible = list(spans(tokens, cased=cased and has_case(tokens, text)))
    surfaces = known([span.surface for span in possible])
    found = [span for span in possible if span.surface in surfaces]
    links = [
        Link(surface=span.surface, start=tokens[span.first].start, end=tokens[span.last].end)
        for span in longest_spans(found)
    ]
    first: dict[str, Link] = {}
    for link in links:
        first.setdefault(link.surface, link)
    unlinked = _unlinked(text, links)
    return Question(
        text=text,
        links=tuple(first.values()),
        surfaces=frozenset(span.surface for span in found),
        mask=_SPACE.sub(" ", "".join(text[start:end] for start, end in unlinked)).strip(),
        words=tuple((token.form, token.start) for token in tokens if _outside(token, links)),
        unlinked=unlinked,
        clauses=tuple(_clauses(text, tokens, links)),
    )


def _outside(token: Token, links: Sequence[Link]) -> bool:
    return not any(link.start <= token.start < link.end for link in links)


def _unlinked(text: str, links: Sequence[Link]) -> tuple[tuple[int, int], ...]:
    """What lies between links; () if there are none."""
    starts = [0, *(link.end for link in links)]
    ends = [*(link.start for link in links), len(text)]
    return tuple(zip(starts, ends, strict=True)) if links else ()


def _clauses(text: str, tokens: Sequence[Token], links: Sequence[Link]) -> list[Clause]:
    """Cut before clause words (with their preposition) and after commas, never inside a link.

    The first `_MOST_CLAUSES` that are long enough.
    """
    cuts = {match.end() for match in _COMMA.finditer(text)}
    for before, token in zip([None, *tokens], tokens, strict=False):
        if text[token.start : token.end].lower() in _CLAUSE_WORDS:
            attached = before and text[before.start : before.end].lower() in _PREPOSITIONS
            cuts.add(before.start if before and attached else token.start)
    inner = sorted(
        cut
        for cut in cuts
        if 0 < cut < len(text) and not any(link.start < cut < link.end for link in links)
    )
    if not inner:
        return []
    edges = [0, *inner, len(text)]
    pieces = (_piece(text, start, end, links) for start, end in pairwise(edges))
    starts = [token.start for token in tokens]
    long = (
        piece
        for piece in pieces
        if sum(piece.start <= start < piece.end for start in starts) >= _MIN_CLAUSE_WORDS
    )
    return list(islice(long, _MOST_CLAUSES))


def _piece(text: str, start: int, end: int, links: Sequence[Link]) -> Clause:
    raw = text[start:end]
    stripped = raw.strip(" \t\r\n,;，、；،؛")
    offset = start + raw.index(stripped) if stripped else start
    inside = frozenset(link.surface for link in links if start <= link.start < end)
    return Clause(text=stripped, start=offset, end=offset + len(stripped), surfaces=inside)
