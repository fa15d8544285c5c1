"""Analysing a question: the names it links to, the question without them, and its clauses."""

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from inference.folding import folded
from kg.tokens import Tokens, has_case, tokens_of

if TYPE_CHECKING:
    from retrieval.gazetteer import Name

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
_AROUND_CLAUSES = " \t\r\n\u3000,;，、；،؛"
_MIN_CLAUSE_WORDS = 3
_MOST_CLAUSES = 16
"""The most clauses that are used. Each is embedded, compared with all passages and sentences, and
is a separate source; questions of benchmarks have five at most, a pasted page has hundreds."""
LONGEST = 10_000
"""The most characters in a question. Embedding models read the first thousand or so."""


class Link(NamedTuple):
    """A name in the question that the gazetteer knows."""

    surface: str
    start: int
    """Offset in the question."""
    end: int
    entries: tuple[int, ...] = ()
    """What it may mean."""


class Clause(NamedTuple):
    """A part of the question that can be searched for on its own."""

    text: str
    start: int
    """Offset in the question."""
    end: int
    surfaces: tuple[str, ...]
    """The links that lie inside it, by their surfaces."""

    def holds(self, link: Link) -> bool:
        """Whether the link's name occurs in this clause."""
        return link.surface in self.surfaces


class Question(NamedTuple):
    """An analysed question."""

    text: str
    links: tuple[Link, ...]
    """The longest matches, each surface once, at its first occurrence."""
    entries: tuple[int, ...]
    """All that it may name, by nested names too; ascending, each once."""
    mask: str
    """The question without its links; '' if nothing is left, or nothing was linked."""
    clauses: tuple[Clause, ...]
    words: tuple[tuple[str, int], ...] = ()
    """Its words outside of links: (normal form, offset)."""
    unlinked: tuple[tuple[int, int], ...] = ()
    """The spans (start, end) of the question between links, of which the mask consists."""


def read_question(
    text: str, names: Callable[[Tokens, bool], Sequence["Name"]], *, cased: bool
) -> Question:
    """Find a question's links and clauses; `names` finds all that the gazetteer knows among its
    tokens. If both the corpus (`cased`) and the question use capitals, a name must contain a
    capital or a digit.
    """
    tokens = tokens_of(text)
    forms, starts, ends = tokens.forms, tokens.starts, tokens.ends
    found = names(tokens, cased and has_case(tokens, text))
    linked: list[Link] = []
    links: dict[str, Link] = {}
    placed, words = list(zip(forms, starts, strict=True)), list[tuple[str, int]]()
    unlinked: list[tuple[int, int]] = []
    after = end = 0
    for first, last, longest, entries in found:
        if longest:
            words += placed[after:first]
            unlinked.append((end, starts[first]))
            after, end = last + 1, ends[last]
            link = Link(" ".join(forms[first:after]), starts[first], end, entries)
            links.setdefault(link.surface, link)
            linked.append(link)
    if linked:
        unlinked.append((end, len(text)))
    return Question(
        text=text,
        links=tuple(links.values()),
        entries=tuple(sorted({entry for name in found for entry in name.entries})),
        mask=" ".join("".join([text[start:end] for start, end in unlinked]).split()),
        words=(*words, *placed[after:]),
        unlinked=tuple(unlinked),
        clauses=tuple(_clauses(text, tokens, linked)),
    )


def _clauses(text: str, tokens: Tokens, linked: Sequence[Link]) -> list[Clause]:
    """Split before clause words (with their preposition) and after commas, never inside a link.

    The first `_MOST_CLAUSES` that are long enough.
    """
    edges = [edge for _, start, end, _ in linked for edge in (start, end)]
    bounds = [0]
    for cut in sorted(_cuts(text, tokens)):
        edge = bisect_left(edges, cut)
        if 0 < cut < len(text) and not (edge % 2 and cut < edges[edge]):
            bounds.append(cut)
    if len(bounds) == 1:
        return []
    clauses: list[Clause] = []
    for start, end in pairwise([*bounds, len(text)]):
        stripped = text[start:end].strip(_AROUND_CLAUSES)
        first = text.index(stripped, start)
        last = first + len(stripped)
        words = bisect_left(tokens.starts, last) - bisect_left(tokens.starts, first)
        if words >= _MIN_CLAUSE_WORDS:
            inside = [link.surface for link in linked if start <= link.start < end]
            clauses.append(Clause(stripped, first, last, tuple(inside)))
    return clauses[:_MOST_CLAUSES]


def _cuts(text: str, tokens: Tokens) -> set[int]:
    """Where a clause may begin."""
    plain = text.isascii()
    cuts: set[int] = set()
    if not plain or "," in text or ";" in text:
        cuts.update([match.end() for match in _COMMA.finditer(text)])
    starts, written = tokens.starts, tokens.forms
    if not plain or "'" in text or "." in text:  # else the normal forms are as it is written
        words = zip(starts, tokens.ends, strict=True)
        written = [folded(text[start:end]).lower() for start, end in words]
    for number, word in enumerate(written):
        if word in _CLAUSE_WORDS:
            attached = number and written[number - 1] in _PREPOSITIONS
            cuts.add(starts[number - 1 if attached else number])
    return cuts
