"""Which passages an entry leads to: its postings, cut to the best."""

import numpy as np

from kg.snapshot import Snapshot
from kg.snapshot.tables import Floats, Longs, Pairs
from retrieval.ranges import ranges


class Postings:
    """The pairs of a snapshot as the walk uses them.

    An entry in very many passages is a hub that says little; its postings are cut to its own titles
    and the passages that name it earliest, but its idf stays that of all.
    """

    def __init__(self, snapshot: Snapshot, limit: int) -> None:
        self.pairs: Pairs = snapshot.pairs
        self._limit = limit
        self._cut: dict[int, Longs] = {}
        self._sentences = snapshot.sentences.indptr
        passages = len(snapshot.passages.id)
        self.df = np.diff(self.pairs.indptr)
        self.idf: Floats = idf(self.df, passages)

    def bridges_of(self, passages: Longs) -> tuple[Longs, Longs]:
        """(passage, entry) for every entry that these passages share with at least one other."""
        table = self.pairs.by_passage
        counts = table.indptr[passages + 1] - table.indptr[passages]
        rows = table.items[ranges(table.indptr[passages], counts)]
        entries = self.pairs.entry[rows].astype(np.int64)
        shared = self.df[entries] >= 2
        return np.repeat(passages, counts)[shared], entries[shared]

    def rows_of(self, entries: Longs) -> tuple[Longs, Longs]:
        """(indptr, pair rows): the postings of each entry, cut to the best."""
        starts, counts = self.pairs.indptr[entries], self.df[entries]
        rows = [
            np.arange(start, start + count) if count <= self._limit else self._best(start, count)
            for start, count in zip(starts.tolist(), counts.tolist(), strict=True)
        ]
        indptr = np.zeros(len(entries) + 1, dtype=np.int64)
        np.cumsum([len(row) for row in rows], out=indptr[1:])
        return indptr, np.concatenate(rows)

    def best_sentence(self, rows: Longs, relevance: Floats) -> Floats:
        """For each pair the highest relevance among the sentences that make it."""
        table = self.pairs.sentences
        counts = table.indptr[rows + 1] - table.indptr[rows]
        values = relevance[table.items[ranges(table.indptr[rows], counts)]]
        starts = np.cumsum(counts) - counts
        best: Floats = np.maximum.reduceat(values, starts)
        return best

    def _best(self, start: int, count: int) -> Longs:
        """The postings that are kept of those at start..start + count; found once for each hub."""
        kept = self._cut.get(start)
        if kept is None:
            rows = np.arange(start, start + count)
            table, passages = self.pairs.sentences, self.pairs.passage[rows]
            place = table.items[table.indptr[rows]] - self._sentences[passages]
            order = np.lexsort((passages, place, ~self.pairs.is_title[rows]))[: self._limit]
            kept = self._cut[start] = np.sort(rows[order])
        return kept


def idf(df: Longs, passages: int) -> Floats:
    """ln(1 + n/df) / ln(1 + n): 1 for a name in one of n passages, towards 0 for one in all."""
    values: Floats = (np.log1p(passages / np.maximum(df, 1)) / np.log1p(max(passages, 1))).astype(
        np.float32
    )
    return values
