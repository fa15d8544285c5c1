"""Which passages an entry leads to: its postings, cut to the best."""

from collections.abc import Sequence
from math import log1p

import numpy as np

from kg.snapshot import Snapshot
from kg.snapshot.hubs import best_pairs
from kg.snapshot.tables import BoolArray, Float32Array, Int32Array, Int64Array, Pairs
from retrieval.loops.bridges import bridges_from, posting_rows
from retrieval.record import record

_COMMON, _FEW = 0.5, 20
"""What more than this share of the passages name, and more than a few, is no bridge: it leads
anywhere, as the title of one long document in all its pieces does."""
_USUAL = 0.2
"""What more than this share of the passages name, and more than a few, tells hardly any of them
from the others, as the name of a firm in its own documents."""


@record
class Ways:
    """From passages on to entries that they share with others."""

    sources: Int32Array
    """The places that the ways begin at, ascending."""
    origin: Int32Array
    """(n,): the place of the passage."""
    which: Int32Array
    """(n,): the row of the entry in `entries`."""
    weak: BoolArray
    """(n,): whether the pair of the two is."""
    entries: Int32Array
    """Each once."""
    idf: Float32Array
    """How rare each entry is, 0..1."""


@record
class Ends:
    """Where entries lead to."""

    indptr: Int64Array
    """(entries + 1,)."""
    rows: Int64Array
    """The pairs of each entry."""
    passages: Int32Array
    """The passage of each pair."""


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
        self.sentences: Int64Array = snapshot.sentences.indptr
        """Passage p has the sentences sentences[p]:sentences[p + 1]."""
        derived = snapshot.derived
        if derived is not None and derived.kept.shape[1] != limit:
            derived = None
        self._hubs = derived.hubs if derived else np.zeros(0, dtype=np.int32)
        self._kept = derived.kept if derived else np.zeros((0, limit), dtype=np.int64)
        self._found: dict[int, Int64Array] | None = None if derived else {}
        """The pairs kept of hubs, where the snapshot does not store them for this limit."""

    def df(self, entries: Int32Array) -> Int64Array:
        """In how many passages each entry is named."""
        found: Int64Array = self.pairs.indptr[entries + 1] - self.pairs.indptr[entries]
        return found

    def are_common(self, entries: Sequence[int]) -> bool:
        """Whether what these may mean is in so many passages that naming it says next to
        nothing."""
        indptr, most = self.pairs.indptr, max(_USUAL * self.passages, _FEW)
        return any(indptr.item(one + 1) - indptr.item(one) > most for one in entries)

    def bridges_of(
        self, passages: Int32Array, amounts: Float32Array, walked: float, excluded: Int32Array
    ) -> Ways:
        """The ways from passages on to entries that they share with at least one other, but for
        those `excluded`, and for those that most of all passages name: they lead anywhere.

        They begin at the passages with the largest of these amounts, which make up the share
        `walked` of all.
        """
        pairs = self.pairs
        table = pairs.by_passage
        sources, origin, which, weak, entries, idf = bridges_from(
            amounts,
            walked,
            passages,
            table.indptr,
            table.items,
            pairs.entry,
            pairs.weak,
            pairs.indptr,
            excluded,
            max(int(_COMMON * self.passages), _FEW),
            self.passages,
        )
        return Ways(
            sources=sources, origin=origin, which=which, weak=weak, entries=entries, idf=idf
        )

    def ends_of(self, entries: Int32Array) -> Ends:
        """The postings of each entry, cut to the best."""
        hubs, kept = self._hubs, self._kept
        if self._found is not None:
            hubs = np.sort(entries[self.df(entries) > self._limit])
            kept = self._kept_of(hubs, self._found)
        table = self.pairs
        indptr, rows, passages = posting_rows(
            entries, table.indptr, table.passage, self._limit, hubs, kept
        )
        return Ends(indptr=indptr, rows=rows, passages=passages)

    def _kept_of(self, hubs: Int32Array, found: dict[int, Int64Array]) -> Int64Array:
        """(h, limit) pairs that are kept of hubs."""
        for hub in hubs.tolist():
            if hub not in found:
                found[hub] = self._best(hub)
        kept = [found[hub] for hub in hubs.tolist()]
        return np.stack(kept) if kept else np.zeros((0, self._limit), dtype=np.int64)

    def _best(self, hub: int) -> Int64Array:
        """The pairs to keep of a hub, where the snapshot does not store them."""
        first, end = self.pairs.indptr[hub : hub + 2].tolist()
        rows, table = slice(first, end), self.pairs.sentences
        passage = self.pairs.passage[rows]
        place = table.items[table.indptr[rows]] - self.sentences[passage]
        count = np.array([end - first])
        alike = np.zeros(end - first, dtype=np.int32)
        title = self.pairs.is_title[rows]
        _, best = best_pairs(alike, count, title, place, passage, self._limit)
        found: Int64Array = best[0] + first
        return found


def rarity(df: int, passages: int) -> float:
    """The `idf` of an entry that so many passages mention."""
    return log1p(passages / max(df, 1)) / log1p(max(passages, 1))
