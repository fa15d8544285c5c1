"""The sentences of a passage that mention an entry of the gazetteer."""

from functools import lru_cache

import numpy as np

from kg.snapshot import Snapshot
from kg.snapshot.tables import Float32Array, Int32Array
from kg.tokens import tokens_of
from retrieval.gazetteer import GazetteerLookup
from retrieval.quoting import best_quote
from retrieval.receipt import Quote

_REMEMBERED = 1024
"""How many sentences' names are cached: the same sentence is looked at for several entries."""


class Naming:
    """Finds the sentence to quote for a name, in the passages of one snapshot.

    If a passage's title mentions an entry, the table of pairs lists all of its sentences; they are
    tokenised again to find those that mention it themselves.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._lookup = GazetteerLookup(snapshot)
        self.named_in = lru_cache(_REMEMBERED)(self._named_in)
        """The entries that a sentence of a passage mentions: called with the numbers of both."""

    def quote(self, entries: tuple[int, ...], passage: int, aim: Float32Array) -> Quote | None:
        """Of the sentences that mention one of the entries, the one nearest to the aim (d,). If the
        passage's title is the name, all its sentences count, and one that does not mention it is
        marked. None if the passage does not mention it, or only its title does, among other names.
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
        """The sentences listed for the pair, and whether the entry is the passage's title."""
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
        tokens = tokens_of(text[int(table.start[sentence]) : int(table.end[sentence])])
        _, entries = self._lookup.names(tokens, self._snapshot.cased)
        return frozenset(entries)
