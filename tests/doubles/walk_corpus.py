"""A corpus as the slow walk reads it: from the notes themselves, not from a snapshot."""

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from indexer.snapshot.gazetteer import title_aliases
from indexer.snapshot.sentences import sentence_spans
from indexer.snapshot.stopwords import is_function_word
from inference.embedder import Embedder
from kg.tokens import Token, tokenise
from tests.doubles.corpus import Note

Words: TypeAlias = tuple[str, ...]
"""The normal forms of a name's words."""
Vector: TypeAlias = npt.NDArray[np.floating]


class Corpus:
    """Notes in order of passage id: their vectors, entries and mentions.

    With `cased`, names have capitals.
    """

    def __init__(self, notes: Sequence[Note], embedder: Embedder, *, cased: bool) -> None:
        self.cased = cased
        self.notes = sorted(notes, key=lambda one: one.passage.id)
        self.vectors = [
            _rounded(embedded(embedder, "\n".join(filter(None, (one.title, one.text)))))
            for one in self.notes
        ]
        self.sentences: list[list[Vector]] = []
        """The vectors of each passage's sentences; these and the passages' are rounded to
        bytes."""
        self.means: dict[Words, set[Words]] = defaultdict(set)
        """Surface -> entries, each known by its main surface."""
        self.title: list[Words] = []
        """The entry that each passage's title is; () without a title."""
        self.words = [
            {token.form for token in [*tokenise(one.title), *tokenise(one.text)]}
            for one in self.notes
        ]
        self._collect()
        self.mentions: dict[Words, dict[int, list[int]]] = defaultdict(dict)
        """Entry -> passage -> numbers of its sentences that name the entry."""
        for number, one in enumerate(self.notes):
            prefix = f"{one.title}: " if one.title else ""
            texts = [one.text[start:end] for start, end in sentence_spans(one.text)]
            self.sentences.append([_rounded(embedded(embedder, prefix + text)) for text in texts])
            everywhere = (self.named_in(one.title) | {self.title[number]}) - {()}
            for sentence, text in enumerate(texts):
                for entry in self.named_in(text) | everywhere:
                    self.mentions[entry].setdefault(number, []).append(sentence)

    def _collect(self) -> None:
        for one in self.notes:
            entry = words_of(tokenise(one.title))
            self.title.append(entry)
            for alias in title_aliases(one.title):
                if _is_name(tokenise(alias)):
                    self.means[words_of(tokenise(alias))].add(entry)
        covered = set(self.means)
        for one in self.notes:
            for name in one.names:
                tokens = tokenise(name)
                named = not self.cased or any(token.named for token in tokens)
                if _is_name(tokens) and named and words_of(tokens) not in covered:
                    self.means[words_of(tokens)].add(words_of(tokens))

    def spans(self, text: str, *, cased: bool | None = None) -> list[tuple[int, int]]:
        """(first, end) of every run of tokens that is a known name."""
        cased = self.cased if cased is None else cased
        tokens = tokenise(text)
        return [
            (first, end)
            for first in range(len(tokens))
            for end in range(first + 1, min(first + 12, len(tokens)) + 1)
            if words_of(tokens[first:end]) in self.means
            and (end - first > 1 or tokens[first].alone)
            and (not cased or any(token.named for token in tokens[first:end]))
        ]

    def named_in(self, text: str, *, cased: bool | None = None) -> set[Words]:
        """The entries that a text names."""
        tokens = tokenise(text)
        return {
            entry
            for first, end in self.spans(text, cased=cased)
            for entry in self.means[words_of(tokens[first:end])]
        }

    def weak(self, entry: Words, number: int) -> bool:
        """Whether an entry that passage `number` names is a number, or stands there only inside
        longer names."""
        if self.title[number] == entry:
            return False
        one = self.notes[number]
        for text in [one.title, *(one.text[a:b] for a, b in sentence_spans(one.text))]:
            tokens, spans = tokenise(text), self.spans(text)
            for first, end in spans:
                words = words_of(tokens[first:end])
                inside = any(a <= first and end <= b and (a, b) != (first, end) for a, b in spans)
                if entry in self.means[words] and not inside and not "".join(words).isdigit():
                    return False
        return True

    def df(self, entry: Words) -> int:
        """In how many passages an entry is named."""
        return len(self.mentions[entry])

    def idf(self, entry: Words) -> float:
        """How rare an entry is."""
        return self.rarity(self.df(entry))

    def rarity(self, df: int) -> float:
        """ln(1 + n/df) / ln(1 + n)."""
        count = len(self.notes)
        return math.log(1 + count / max(df, 1)) / math.log(1 + count)

    def postings(self, entry: Words, limit: int) -> list[int]:
        """The passages that an entry leads to: its own titles, then where it is named earliest."""
        found = self.mentions[entry]
        best = sorted(found, key=lambda p: (self.title[p] != entry, found[p][0], p))
        return best[:limit]


def embedded(embedder: Embedder, text: str) -> Vector:
    """A text's vector, as of a question, in double precision."""
    vector: Vector = embedder.embed([text], "query")[0].astype(np.float64)
    return vector


def _rounded(vector: Vector) -> Vector:
    """With its largest number as 127, and all others whole."""
    single = vector.astype(np.float32)
    scale = max(abs(single)) / np.float32(127) or np.float32(1)
    return np.array([float(round(number / scale)) * float(scale) for number in single])


def words_of(tokens: Sequence[Token]) -> Words:
    """The normal forms of a name's tokens."""
    return tuple(token.form for token in tokens)


def _is_name(tokens: Sequence[Token]) -> bool:
    """Not only function words, no single short number, and not too long."""
    short = len(tokens) == 1 and tokens[0].form.isdigit() and len(tokens[0].form) < 4
    return 0 < len(tokens) <= 12 and not short and not all(is_function_word(t.form) for t in tokens)
