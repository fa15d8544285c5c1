"""Where entries of the gazetteer are mentioned.

Every span of every sentence and title that is some entry's surface is a mention, nested ones too. A
pair (entry, passage) gathers the sentences of a passage that mention an entry; if the entry is the
passage's title or stands inside that title, all of its sentences. It is weak if the passage names
the entry only inside longer names ("George" in "George Stone"), or the entry is a number.
"""

from collections import defaultdict
from collections.abc import Set
from typing import NamedTuple

from indexer.snapshot.gazetteer import Names
from kg.records import Passage
from kg.surfaces import matches, outer_spans
from kg.tokens import Token, tokenise


class FoundPair(NamedTuple):
    """A passage names an entry."""

    entry: int
    passage: int
    is_title: bool
    weak: bool
    sentences: list[int]


class _Named(NamedTuple):
    """The entries that a text names."""

    all: Set[int]
    by_themselves: Set[int]
    """Those that stand somewhere outside longer names, and are no numbers."""


class MentionReader:
    """Reads passages for the entries of a gazetteer."""

    def __init__(self, names: Names, *, cased: bool) -> None:
        self._cased = cased
        self._meanings = names.meanings
        self._longest = max((surface.count(" ") + 1 for surface in self._meanings), default=0)
        self._entry_titled = {
            passage: entry for entry, passages in enumerate(names.titled) for passage in passages
        }
        self._by_title: dict[str, tuple[_Named, Set[str]]] = {}

    def read(
        self, number: int, passage: Passage, spans: list[tuple[int, int]], first: int
    ) -> tuple[list[FoundPair], Set[str]]:
        """The pairs of a passage, and the words of its sentences and of its title.

        number: of the passage. spans: of its sentences in its text, the first of which has the
        number `first` in the corpus.
        """
        inside, words = self._title(passage.title)
        words, strong = set(words), set(inside.by_themselves)
        where: dict[int, list[int]] = defaultdict(list)
        for sentence, (start, end) in enumerate(spans, first):
            tokens = tokenise(passage.text[start:end])
            words |= _words(tokens)
            named = self._mentioned(tokens)
            strong |= named.by_themselves
            for entry in named.all:
                where[entry].append(sentence)
        own = self._entry_titled.get(number)
        if own is not None:
            strong.add(own)
        for entry in inside.all if own is None else inside.all | {own}:
            where[entry] = list(range(first, first + len(spans)))
        pairs = [
            FoundPair(entry, number, entry == own, entry not in strong, where[entry])
            for entry in where
        ]
        return pairs, words

    def _title(self, title: str) -> tuple[_Named, Set[str]]:
        if title not in self._by_title:
            tokens = tokenise(title)
            self._by_title[title] = self._mentioned(tokens), _words(tokens)
        return self._by_title[title]

    def _mentioned(self, tokens: list[Token]) -> _Named:
        found = matches(
            tokens,
            cased=self._cased,
            known=self._meanings.__contains__,
            longest=self._longest,
        )
        return _Named(
            all={entry for span in found for entry in self._meanings[span.surface]},
            by_themselves={
                entry
                for span in outer_spans(found)
                if not span.surface.replace(" ", "").isdigit()
                for entry in self._meanings[span.surface]
            },
        )


def _words(tokens: list[Token]) -> Set[str]:
    """What the parts of a surface between its spaces are found by; a few ligatures are a phrase."""
    return {word for token in tokens for word in token.form.split(" ")}
