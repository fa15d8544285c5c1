"""Which of a passage's sentences speak of an entry of the gazetteer."""

from functools import lru_cache

import numpy as np

from kg.snapshot import Snapshot
from kg.snapshot.tables import Float32Array, Int32Array
from kg.surfaces import matches
from kg.tokens import tokenise
from retrieval.quoting import best_quote
from retrieval.receipt import Quote

_REMEMBERED = 256
"""Entries of one question whose surfaces are kept."""


class Naming:
    """The sentences of one snapshot's passages that are quoted for a name.

    The table of pairs lists all sentences of a passage whose title names the entry; those that name
    it themselves are told from them by reading them again.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._surfaces = lru_cache(_REMEMBERED)(self._surfaces_of)

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
            naming += [one for one in listed.tolist() if self._names(one, passage, entry)]
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

    def _names(self, sentence: int, passage: int, entry: int) -> bool:
        table, surfaces = self._snapshot.sentences, self._surfaces(entry)
        text = self._snapshot.passages.text[passage]
        tokens = tokenise(text[int(table.start[sentence]) : int(table.end[sentence])])
        longest = max((surface.count(" ") + 1 for surface in surfaces), default=0)
        cased, known = self._snapshot.cased, surfaces.__contains__
        return bool(matches(tokens, cased=cased, known=known, longest=longest))

    def _surfaces_of(self, entry: int) -> frozenset[str]:
        table = self._snapshot.gazetteer
        places = np.flatnonzero(table.entries.items == entry)
        rows = np.searchsorted(table.entries.indptr, places, side="right") - 1
        return frozenset(table.surface[row] for row in rows.tolist())
