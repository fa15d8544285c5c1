"""Where entries of the gazetteer are mentioned.

Every span of every sentence and title that is some entry's surface is a mention, nested ones too. A
pair (entry, passage) gathers the sentences of a passage that mention an entry; if the entry is the
passage's title or stands inside that title, all of its sentences.
"""

from collections import defaultdict
from collections.abc import Mapping, Set
from typing import NamedTuple

from indexer.gazetteer import Names
from kg.records import Passage
from kg.surfaces import matches
from kg.tokens import Token, tokenise


class FoundPair(NamedTuple):
    """A passage names an entry."""

    entry: int
    passage: int
    is_title: bool
    sentences: list[int]


class MentionReader:
    """Reads passages for the entries of a gazetteer, or for some of them."""

    def __init__(self, names: Names, *, cased: bool, only: Set[int] | None = None) -> None:
        self._cased = cased
        self._meanings = names.meanings if only is None else _some(names.meanings, only)
        self._longest = max((surface.count(" ") + 1 for surface in self._meanings), default=0)
        self._entry_titled = {
            passage: entry
            for entry, passages in enumerate(names.titled)
            if only is None or entry in only
            for passage in passages
        }
        self._by_title: dict[str, tuple[Set[int], Set[str]]] = {}

    def read(
        self, number: int, passage: Passage, spans: list[tuple[int, int]], first: int
    ) -> tuple[list[FoundPair], Set[str]]:
        """The pairs of a passage, and the words of its sentences and of its title.

        number: of the passage. spans: of its sentences in its text, the first of which has the
        number `first` in the corpus.
        """
        inside, words = self._title(passage.title)
        words = set(words)
        where: dict[int, list[int]] = defaultdict(list)
        for sentence, (start, end) in enumerate(spans, first):
            tokens = tokenise(passage.text[start:end])
            words |= _words(tokens)
            for entry in self._mentioned(tokens):
                where[entry].append(sentence)
        own = self._entry_titled.get(number)
        for entry in inside if own is None else inside | {own}:
            where[entry] = list(range(first, first + len(spans)))
        return [FoundPair(entry, number, entry == own, where[entry]) for entry in where], words

    def _title(self, title: str) -> tuple[Set[int], Set[str]]:
        if title not in self._by_title:
            tokens = tokenise(title)
            self._by_title[title] = self._mentioned(tokens), _words(tokens)
        return self._by_title[title]

    def _mentioned(self, tokens: list[Token]) -> Set[int]:
        found = matches(
            tokens,
            cased=self._cased,
            known=self._meanings.__contains__,
            longest=self._longest,
        )
        return {entry for span in found for entry in self._meanings[span.surface]}


def _some(meanings: Mapping[str, list[int]], only: Set[int]) -> dict[str, list[int]]:
    return {
        surface: meant
        for surface, entries in meanings.items()
        if (meant := [entry for entry in entries if entry in only])
    }


def _words(tokens: list[Token]) -> Set[str]:
    """What the parts of a surface between its spaces are found by; a few ligatures are a phrase."""
    return {word for token in tokens for word in token.form.split(" ")}
