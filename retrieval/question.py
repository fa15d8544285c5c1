"""Analysing a question: the names it links to, the question without them, and its clauses."""

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from inference.folding import folded
from kg.snapshot.tables import Int64Array, Uint8Array
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


QuestionWords: TypeAlias = tuple[Uint8Array, Int64Array, Int64Array]
"""Words of a question and its clauses, as `retrieval.loops.surfaces.words_in` takes them: their
normal forms, ascending, a line each; (n,) the offset of each; (c, 2) where each clause begins and
ends."""
_NO_CLAUSES: Int64Array = np.zeros((0, 2), dtype=np.int64)
_NO_WORDS: QuestionWords = np.zeros(0, dtype=np.uint8), np.zeros(0, dtype=np.int64), _NO_CLAUSES


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
    words: QuestionWords = _NO_WORDS
    """Those outside of links."""
    unlinked: tuple[tuple[int, int], ...] = ()
    """The spans (start, end) of the question between links, of which the mask consists."""


def read_question(
    text: str,
    names: Callable[[Tokens, bool], tuple[Sequence["Name"], Sequence[int]]],
    *,
    cased: bool,
) -> Question:
    """Find a question's links and clauses; `names` finds what the gazetteer knows among its tokens:
    see `retrieval.gazetteer`. If both the corpus (`cased`) and the question use capitals, a name
    must contain a capital or a digit.
    """
    tokens = tokens_of(text)
    forms, starts, ends = tokens.forms, tokens.starts, tokens.ends
    longest, entries = names(tokens, cased and has_case(tokens, text))
    linked: list[Link] = []
    links: dict[str, Link] = {}
    words: list[int] = []
    edges, after = [0], 0
    for first, last, meant in longest:
        words += range(after, first)
        after = last + 1
        link = Link(" ".join(forms[first:after]), starts[first], ends[last], meant)
        links.setdefault(link.surface, link)
        linked.append(link)
        edges += link.start, link.end
    words += range(after, len(forms))
    words.sort(key=forms.__getitem__)
    edges.append(len(text))
    unlinked = tuple(zip(edges[::2], edges[1::2], strict=True)) if linked else ()
    clauses = _clauses(text, tokens, linked, edges)
    return Question(
        text=text,
        links=tuple(links.values()),
        entries=tuple(sorted(set(entries))),
        mask=" ".join("".join([text[start:end] for start, end in unlinked]).split()),
        clauses=clauses,
        words=(
            np.frombuffer("\n".join([forms[word] for word in words]).encode(), dtype=np.uint8),
            np.array([starts[word] for word in words], dtype=np.int64),
            np.array([one[1:3] for one in clauses] or _NO_CLAUSES, dtype=np.int64),
        ),
        unlinked=unlinked,
    )


def _clauses(
    text: str, tokens: Tokens, linked: Sequence[Link], edges: Sequence[int]
) -> tuple[Clause, ...]:
    """Split before clause words (with their preposition) and after commas, never inside a link:
    those begin and end at the edges, but for the first and the last one, which are the text's.

    The first `_MOST_CLAUSES` that are long enough.
    """
    bounds = [0]
    for cut in sorted(_cuts(text, tokens)):
        edge = bisect_left(edges, cut)
        if 0 < cut < len(text) and (edge % 2 or cut == edges[edge]):
            bounds.append(cut)
    if len(bounds) == 1:
        return ()
    clauses: list[Clause] = []
    for start, end in pairwise([*bounds, len(text)]):
        stripped = text[start:end].strip(_AROUND_CLAUSES)
        first = text.index(stripped, start)
        last = first + len(stripped)
        words = bisect_left(tokens.starts, last) - bisect_left(tokens.starts, first)
        if words >= _MIN_CLAUSE_WORDS:
            inside = [link.surface for link in linked if start <= link.start < end]
            clauses.append(Clause(stripped, first, last, tuple(inside)))
    return tuple(clauses[:_MOST_CLAUSES])


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
