"""The words that a question and a passage have in common.

Words of names are left out: what those are worth is in the links' bonuses. A word is worth
ln(P / df), with df the number of passages that have it; one that is in none of the P is worth as
much as one that is in one.
"""

from collections.abc import Sequence

import numpy as np

from kg.snapshot.tables import Bools, Floats, Ints, Longs, Words
from kg.surfaces import key_of
from retrieval.question import Question
from retrieval.walk.loops import standing

_READ = 2_000
"""Of how many postings of a view's rarest words the passages are compared with it."""


class SharedWords:
    """The words of a question and of its clauses that are no names, in one corpus."""

    def __init__(self, question: Question, table: Words, passages: int, gone: Ints) -> None:
        """`passages`: how many there are, without those that are `gone`."""
        forms = sorted({form for form, _ in question.words})
        key = np.array([key_of(form) for form in forms], dtype=np.uint64)
        row = np.searchsorted(table.key, key)
        known = np.zeros(len(key), dtype=np.bool_)
        if len(table.key):
            known = table.key[np.minimum(row, len(table.key) - 1)] == key
        row = row[known]
        self._first: Longs = table.passages.indptr[row].astype(np.int64)
        self._end: Longs = table.passages.indptr[row + 1].astype(np.int64)
        self._items = table.passages.items
        df = self._end - self._first
        if len(gone):
            df = df - standing(gone, self._first, self._end, self._items).sum(axis=1).astype(int)
        worth = np.full(len(forms), np.log(max(passages, 1)))
        worth[known] = np.log(np.maximum(passages, 1) / np.maximum(df, 1))
        asked = _asked(question, forms) * worth
        total = asked.sum(axis=1, keepdims=True)
        share = np.divide(asked, total, out=np.zeros_like(asked), where=total > 0)
        self._share: Floats = share[:, known].astype(np.float32)

    def at(self, passages: Ints) -> Floats:
        """(v, n): the share of each view's words, by worth, that stands in each passage, 0..1."""
        found: Floats = self._share @ standing(passages, self._first, self._end, self._items)
        return found

    def best(self, count: int) -> Ints:
        """The `count` passages of each view that have most of its words, found by its rarest words;
        distinct, ascending."""
        found = [np.zeros(0, dtype=np.int32)]
        df = self._end - self._first
        for view, share in enumerate(self._share):
            rarest = np.flatnonzero(share > 0)
            rarest = rarest[np.argsort(df[rarest], kind="stable")]
            rarest = rarest[np.cumsum(df[rarest]) <= _READ]
            postings = [self._items[self._first[word] : self._end[word]] for word in rarest]
            passages = np.unique(np.concatenate([found[0], *postings]))
            best = np.argsort(-self.at(passages)[view], kind="stable")[:count]
            found.append(passages[best])
        return np.unique(np.concatenate(found))


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
