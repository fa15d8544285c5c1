"""The words that a question and a passage have in common.

Words of names are left out: what those are worth is in the links' bonuses. A word is worth
ln(P / df), with df the number of passages that have it, and nothing if it is common; one that is in
none of the P is worth as much as one that is in one.
"""

from collections.abc import Sequence

import numpy as np

from kg.snapshot.tables import Bools, Floats, Ints, Longs, Words
from kg.surfaces import key_of
from retrieval.question import Question
from retrieval.walk.loops import best_rows, distinct, standing

_READ = 500
"""How many postings of a question's rarest words are read for candidates."""
_COMMON, _FEW = 0.2, 20
"""A word that more than this share of the passages has, and more than a few, is worth nothing:
hardly anything is lost, and its postings need not be read."""


class SharedWords:
    """The words of a question and of its clauses that are no names, in one corpus."""

    def __init__(self, question: Question, table: Words, passages: int, gone: Ints) -> None:
        """`passages`: how many there are, without those that are `gone`."""
        forms = sorted({form for form, _ in question.words})
        known, row = _rows(table, forms)
        first: Longs = table.passages.indptr[row].astype(np.int64)
        end: Longs = table.passages.indptr[row + 1].astype(np.int64)
        df = end - first
        if len(gone):
            df = df - standing(gone, first, end, table.passages.items).sum(axis=1).astype(np.int64)
        rare = df <= max(_COMMON * passages, _FEW)
        worth = np.full(len(forms), np.log(max(passages, 1)))
        worth[known] = np.where(rare, np.log(max(passages, 1) / np.maximum(df, 1)), 0.0)
        asked = _asked(question, forms) * worth
        total = asked.sum(axis=1, keepdims=True)
        share = np.divide(asked, total, out=np.zeros_like(asked), where=total > 0)
        self._share: Floats = share[:, known[rare]].astype(np.float32)
        self._first, self._end, self._items = first[rare], end[rare], table.passages.items

    def at(self, passages: Ints) -> Floats:
        """(v, n): the share of each view's words, by worth, that stands in each passage, 0..1."""
        found: Floats = self._share @ standing(passages, self._first, self._end, self._items)
        return found

    def best(self, count: int) -> Ints:
        """The `count` passages of each view that have most of its words, among those that have the
        question's rarest words; distinct, ascending."""
        df = self._end - self._first
        rarest = np.argsort(df, kind="stable")
        rarest = rarest[np.cumsum(df[rarest]) <= _READ]
        postings = [self._items[self._first[word] : self._end[word]] for word in rarest.tolist()]
        if not postings:
            return np.zeros(0, dtype=np.int32)
        passages = distinct(postings)
        best = [best_rows(share, count) for share in self.at(passages)]
        return passages[distinct(best)]


def _rows(table: Words, forms: Sequence[str]) -> tuple[Longs, Longs]:
    """(which of these words the corpus has, their rows in the table)."""
    key = np.array([key_of(form) for form in forms], dtype=np.uint64)
    row = np.searchsorted(table.key, key)
    if not len(table.key):
        return row[:0], row[:0]
    known = np.flatnonzero(table.key[np.minimum(row, len(table.key) - 1)] == key)
    return known, row[known]


def _asked(question: Question, forms: Sequence[str]) -> Bools:
    """(v, w): which of these words the question has, and each of its clauses."""
    column = {form: number for number, form in enumerate(forms)}
    asked = np.zeros((1 + len(question.clauses), len(forms)), dtype=np.bool_)
    for form, start in question.words:
        asked[0, column[form]] = True
        for view, clause in enumerate(question.clauses, start=1):
            if clause.start <= start < clause.end:
                asked[view, column[form]] = True
    return asked
