"""How similar passages and sentences are to a question: half the passage, half its best sentence.

In a corpus of few sentences all of them are compared, by one matrix product. In a larger one all
passages are, but only the sentences of those that matter: the best by their own vectors and by the
names of the question, and those that the walk comes to. Their vectors then stay in the snapshot's
memory-mapped file, in half precision. All that follows from these sentences is exact.
"""

from dataclasses import dataclass, field

import numpy as np

from kg.snapshot import Snapshot
from kg.snapshot.tables import Bools, Floats, Ints, Longs
from retrieval.ranges import ranges

FEW_SENTENCES = 50_000
"""Up to so many sentences all are compared: 77 MB of memory at 384 dimensions."""
_ROUGH_DISCOUNT = 0.1
"""A passage whose sentences were not looked at counts for its own similarity less this: it must
not take the place of one whose sentences were."""


@dataclass(slots=True)
class Sight:
    """What one question sees; `sharpen` makes more of it exact, in place."""

    views: Floats
    """(1 + clauses, P): similarity of each passage to the question and to each clause."""
    relevance: Floats
    """(S,): inner product of each sentence with the mean of question and mask; 0 where its passage
    is not sharp."""
    sharp: Bools
    """(P,): the passages whose similarity is exact."""
    _similarity: "Similarity"
    _vectors: Floats
    _asked: list[int]
    _masked: int
    _own: Floats = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))

    def sharpen(self, passages: Ints) -> Ints:
        """Look at these passages' sentences; returns those that were not sharp before."""
        blurred = np.unique(passages[~self.sharp[passages]])
        if len(blurred):
            rows, starts, products = self._similarity.sentences_of(blurred, self._vectors)
            best = np.maximum.reduceat(products[:, self._asked], starts, axis=0)
            self.views[:, blurred] = 0.5 * (self._own[:, blurred] + best.T)
            self.relevance[rows] = 0.5 * (products[:, 0] + products[:, self._masked])
            self.sharp[blurred] = True
        return blurred


class Similarity:
    """The vectors of one snapshot."""

    def __init__(self, snapshot: Snapshot, few: int = FEW_SENTENCES) -> None:
        """`few`: see `FEW_SENTENCES`."""
        self.exact = len(snapshot.sentences.passage) <= few
        self._passages = np.asarray(snapshot.passages.vectors, dtype=np.float32)
        self._sentences = (
            np.asarray(snapshot.sentences.vectors, dtype=np.float32)
            if self.exact
            else snapshot.sentences.vectors
        )
        self._indptr = snapshot.sentences.indptr

    def look(self, vectors: Floats, asked: list[int], masked: int) -> Sight:
        """See with unit vectors (v, d): rows `asked` are the question and its clauses, row `masked`
        its mask (0 if it has none). Everything is sharp if the corpus is small, else nothing."""
        own = np.ascontiguousarray((self._passages @ vectors[asked].T).T)
        if self.exact:
            products = self._sentences @ vectors.T
            best = np.maximum.reduceat(products[:, asked], self._indptr[:-1], axis=0)
            views = np.float32(0.5) * (own + best.T)
            relevance = np.float32(0.5) * (products[:, 0] + products[:, masked])
        else:
            views = own - np.float32(_ROUGH_DISCOUNT)
            relevance = np.zeros(len(self._sentences), dtype=np.float32)
        sharp = np.full(len(self._passages), self.exact)
        return Sight(views, relevance, sharp, self, vectors, asked, masked, own)

    def sentences_of(self, passages: Ints, vectors: Floats) -> tuple[Longs, Longs, Floats]:
        """(rows, start of each passage among them, (rows, v) products) of passages' sentences."""
        first = self._indptr[passages]
        counts = self._indptr[passages + 1] - first
        rows = ranges(first, counts)
        products: Floats = self._sentences[rows].astype(np.float32) @ vectors.T
        return rows, np.cumsum(counts) - counts, products
