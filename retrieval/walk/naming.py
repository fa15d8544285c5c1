"""Which of a passage's sentences speak of an entry of the gazetteer."""

from functools import lru_cache

import numpy as np

from kg.snapshot import Snapshot
from kg.snapshot.tables import Float32Array, Int32Array
from kg.tokens import tokenise
from retrieval.gazetteer import GazetteerLookup
from retrieval.quoting import best_quote
from retrieval.receipt import Quote

_REMEMBERED = 1024
"""Sentences of one question whose names are kept: a sentence is asked for several entries."""


class Naming:
    """The sentences of one snapshot's passages that are quoted for a name.

    The table of pairs lists all sentences of a passage whose title names the entry; those that name
    it themselves are told from them by reading them again.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._lookup = GazetteerLookup(snapshot)
        self.named_in = lru_cache(_REMEMBERED)(self._named_in)
        """The entries that a sentence (its number) of a passage names."""

    def quote(self, entries: tuple[int, ...], passage: int, aim: Float32Array) -> Quote | None:
        """Of the sentences that name one of the entries, that nearest to the aim (d,).

        If the passage's title is the name, of all its sentences, marked unless it names it itself;
        None if the title names it among others and no sentence does, or the passage not at all.
        """
        title = bool(self._snapshot.passages.title[passage])
        naming: list[int] = []
        others: list[int] = []
        for entry in entries:
            listed, is_title = self._listed(entry, passage)
            naming += [one for one in listed.tolist() if entry in self.named_in(one, passage)]
            others += listed.tolist() if is_title and title else []
        chosen = np.unique(np.array(others or naming, dtype=np.int32))
        if not len(chosen):
            return None
        return best_quote(self._snapshot, chosen, aim, naming=frozenset(naming))

    def _listed(self, entry: int, passage: int) -> tuple[Int32Array, bool]:
        """The sentences of their pair, and whether the entry is the passage's title."""
        pairs = self._snapshot.pairs
        first, end = pairs.indptr[entry : entry + 2]
        rows = first + np.flatnonzero(pairs.passage[first:end] == passage)
        if not len(rows):
            return np.zeros(0, dtype=np.int32), False
        row = int(rows[0])
        return pairs.sentences.row(row), bool(pairs.is_title[row])

    def _named_in(self, sentence: int, passage: int) -> frozenset[int]:
        table = self._snapshot.sentences
        text = self._snapshot.passages.text[passage]
        tokens = tokenise(text[int(table.start[sentence]) : int(table.end[sentence])])
        spans = self._lookup.names(tokens, self._snapshot.cased)
        return frozenset(entry for span in spans for entry in self._lookup.entries(span.surface))
