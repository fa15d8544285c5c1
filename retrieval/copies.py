"""The same text takes one place in an answer, and has one rank.

A text may stand in several passages: under other titles or headings, as a footer does, or a page
that is published in several places. Each is a passage of its own, with its own score; but a reader
needs the text once. So ranks count texts: a text is where the best of its passages is, and the
others, its copies, have that rank, too.
"""

from collections.abc import Callable

import numpy as np

from kg.snapshot import Ragged, Snapshot
from kg.snapshot.copies import copies_among
from kg.snapshot.tables import Float32Array, Int32Array, Int64Array
from retrieval.mode import Ranking


class Copies:
    """Which passages of a snapshot have the same text."""

    def __init__(self, passages_of: Ragged) -> None:
        """Take `Derived.copies`."""
        self.passages_of = passages_of
        order = np.argsort(passages_of.items)
        texts = np.repeat(np.arange(len(passages_of)), np.diff(passages_of.indptr))
        self._passage, self._text = passages_of.items[order], texts[order]
        self.any = len(order) > 0
        """Whether there are any. If not, nothing else needs to be asked."""
        stands = passages_of.items[passages_of.indptr[:-1]]
        self.spare: Int32Array = np.setdiff1d(passages_of.items, stands)
        """The passages for whose text another one stands, ascending."""

    @classmethod
    def of(cls, snapshot: Snapshot) -> "Copies":
        """Those of a snapshot, which are in its tables if it was written."""
        derived = snapshot.derived
        return cls(derived.copies if derived else copies_among(snapshot.passages.text))

    def without(self, removed: Int32Array) -> "Copies":
        """The same where these passages are not there."""
        if not self.any or not len(removed):
            return self
        gone = set(removed.tolist())
        rows = [self.passages_of.row(row).tolist() for row in range(len(self.passages_of))]
        left = [[passage for passage in row if passage not in gone] for row in rows]
        return Copies(Ragged.from_rows([row for row in left if len(row) > 1]))

    def distinct(self, passages: Int32Array) -> Int64Array:
        """The rows of passages (n,), no one of which is a copy of an earlier one; ascending."""
        texts = self._texts(passages)
        alone = texts < 0
        if alone.all():
            return np.arange(len(passages))
        _, rows = np.unique(np.where(alone, -1 - passages, texts), return_index=True)
        return np.sort(rows)

    def with_others(self, passages: Int32Array) -> tuple[Int32Array, Int64Array]:
        """(m,), (m,): different texts' passages (n,), then their copies, ascending of each; and
        whose copy each is, as a row of `passages`."""
        texts = self._texts(passages)
        found, rows = [passages], [np.arange(len(passages))]
        for row in np.flatnonzero(texts >= 0).tolist():
            same = self.passages_of.row(int(texts[row]))
            others = same[same != passages[row]]
            found.append(others)
            rows.append(np.full(len(others), row))
        return np.concatenate(found), np.concatenate(rows)

    def count(self, passages: Int32Array) -> int:
        """How many copies different texts' passages have together."""
        texts = self._texts(passages)
        known = texts[texts >= 0]
        return int((self.passages_of.indptr[known + 1] - self.passages_of.indptr[known] - 1).sum())

    def share(self, known: Int64Array | Float32Array) -> None:
        """Give each text's rank or score to all its passages: of (P,), of which those are 0 that
        are not known."""
        if self.any:
            items, indptr = self.passages_of.items, self.passages_of.indptr
            best = np.maximum.reduceat(known[items], indptr[:-1])
            known[items] = np.repeat(best, np.diff(indptr))

    def _texts(self, passages: Int32Array) -> Int64Array:
        """(n,): the text of each passage, as a row of `Derived.copies`; -1 where it is in no other
        passage."""
        places = np.searchsorted(self._passage, passages)
        places[places == len(self._passage)] = 0
        return np.where(self._passage[places] == passages, self._text[places], -1)


def ranked_once(rank: Callable[[int], Ranking], copies: Copies, k: int, most: int) -> Ranking:
    """The k best texts of at most `most` passages: `rank(k)` as `Mode.rank`, asked for more where
    there are copies among them."""
    count = min(k, most)
    while True:
        ranked = rank(count)
        if not copies.any:
            return ranked
        rows = copies.distinct(ranked.passages)[:k]
        passages = ranked.passages[rows]
        if len(rows) == k or len(ranked.passages) < count or count == most:
            return Ranking(
                passages=passages, scores=ranked.scores[rows], explanation=ranked.explanation
            )
        # Enough if all copies of these come before any other text.
        count = min(k + copies.count(passages), most)
