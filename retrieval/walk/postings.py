"""Which passages an entry leads to: its postings, cut to the best."""

from collections.abc import Sequence
from math import log1p

import numpy as np

from kg.snapshot import Snapshot
from kg.snapshot.tables import Pairs
from retrieval.loops.stepping import Graph

_COMMON, _FEW = 0.5, 20
"""What more than this share of the passages name, and more than a few, is no bridge: it leads
anywhere, as the title of one long document in all its pieces does."""
_USUAL = 0.2
"""What more than this share of the passages name, and more than a few, tells hardly any of them
from the others, as the name of a firm in its own documents."""


class Postings:
    """The pairs of a snapshot as the walk uses them.

    An entry in very many passages is a hub that says little; its postings are cut to its own titles
    and the passages that name it earliest, but its idf stays that of all.
    """

    def __init__(self, snapshot: Snapshot, limit: int) -> None:
        self.pairs: Pairs = snapshot.pairs
        self.passages = len(snapshot.passages.id)
        """The n of idf."""
        self.limit = limit
        """How many pairs are kept of an entry."""
        derived = snapshot.derived
        known = derived is not None and derived.kept.shape[1] == limit
        hubs = derived.hubs if derived and known else np.zeros(0, dtype=np.int32)
        kept = derived.kept if derived and known else np.zeros((0, limit), dtype=np.int64)
        pairs = self.pairs
        self.graph: Graph = (
            pairs.indptr,
            pairs.entry,
            pairs.passage,
            pairs.is_title,
            pairs.weak,
            (pairs.by_passage.indptr, pairs.by_passage.items),
            (pairs.sentences.indptr, pairs.sentences.items),
            hubs,
            kept,
        )
        """The pairs, with those that the snapshot says are kept: else they are chosen each time."""

    @property
    def most_of_a_bridge(self) -> int:
        """In how many passages a bridge may be: what more name leads anywhere."""
        return max(int(_COMMON * self.passages), _FEW)

    def are_common(self, entries: Sequence[int]) -> bool:
        """Whether what these may mean is in so many passages that naming it says next to
        nothing."""
        indptr, most = self.pairs.indptr, max(_USUAL * self.passages, _FEW)
        return any(indptr.item(one + 1) - indptr.item(one) > most for one in entries)


def rarity(df: int, passages: int) -> float:
    """The `idf` of an entry that so many passages mention."""
    return log1p(passages / max(df, 1)) / log1p(max(passages, 1))
