"""Which passages an entry leads to: its postings, cut to the best."""

import numpy as np

from kg.snapshot import Snapshot
from kg.snapshot.hubs import best_pairs
from kg.snapshot.tables import Floats, Ints, Longs, Pairs
from retrieval.walk.loops import bridges_from, posting_rows


class Postings:
    """The pairs of a snapshot as the walk uses them.

    An entry in very many passages is a hub that says little; its postings are cut to its own titles
    and the passages that name it earliest, but its idf stays that of all.
    """

    def __init__(self, snapshot: Snapshot, limit: int) -> None:
        self.pairs: Pairs = snapshot.pairs
        self.passages = len(snapshot.passages.id)
        """The n of idf."""
        self._limit = limit
        self._sentences = snapshot.sentences.indptr
        derived = snapshot.derived
        if derived is not None and derived.kept.shape[1] != limit:
            derived = None
        self._hubs = derived.hubs if derived else np.zeros(0, dtype=np.int32)
        self._kept = derived.kept if derived else np.zeros((0, limit), dtype=np.int64)
        self._found: dict[int, Longs] = {}
        """What was kept of other hubs: all, where the snapshot has none for this limit."""

    def df(self, entries: Ints) -> Longs:
        """In how many passages each entry is named."""
        found: Longs = self.pairs.indptr[entries + 1] - self.pairs.indptr[entries]
        return found

    def idf(self, entries: Ints) -> Floats:
        """How rare each entry is, 0..1."""
        return idf(self.df(entries), self.passages)

    def bridges_of(self, passages: Ints, excluded: Ints) -> tuple[Ints, Ints]:
        """(place among `passages`, entry) for every entry that these passages share with at least
        one other, but for those `excluded`."""
        pairs = self.pairs
        table = pairs.by_passage
        return bridges_from(
            passages, table.indptr, table.items, pairs.entry, pairs.indptr, excluded
        )

    def rows_of(self, entries: Ints) -> tuple[Longs, Longs]:
        """(indptr, pair rows): the postings of each entry, cut to the best."""
        cut = np.full(len(entries), -1, dtype=np.int32)
        hubs = np.flatnonzero(self.df(entries) > self._limit)
        cut[hubs] = np.arange(len(hubs))
        return posting_rows(entries, self.pairs.indptr, cut, self._kept_of(entries[hubs]))

    def _kept_of(self, hubs: Ints) -> Longs:
        """(h, limit) pairs that are kept of hubs."""
        if len(self._hubs):
            return self._kept[np.searchsorted(self._hubs, hubs)]
        for hub in hubs.tolist():
            if hub not in self._found:
                self._found[hub] = self._best(hub)
        kept = [self._found[hub] for hub in hubs.tolist()]
        return np.stack(kept) if kept else np.zeros((0, self._limit), dtype=np.int64)

    def _best(self, hub: int) -> Longs:
        """What is kept of a hub of which the snapshot does not say it."""
        first, end = self.pairs.indptr[hub : hub + 2].tolist()
        rows, table = slice(first, end), self.pairs.sentences
        passage = self.pairs.passage[rows]
        place = table.items[table.indptr[rows]] - self._sentences[passage]
        count = np.array([end - first])
        alike = np.zeros(end - first, dtype=np.int32)
        title = self.pairs.is_title[rows]
        _, best = best_pairs(alike, count, title, place, passage, self._limit)
        found: Longs = best[0] + first
        return found


def idf(df: Longs, passages: int) -> Floats:
    """ln(1 + n/df) / ln(1 + n): 1 for a name in one of n passages, towards 0 for one in all."""
    values: Floats = (np.log1p(passages / np.maximum(df, 1)) / np.log1p(max(passages, 1))).astype(
        np.float32
    )
    return values
