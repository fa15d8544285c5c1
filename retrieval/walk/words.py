"""The words that a question and a passage have in common.

Words of names are left out: what those are worth is in the links' bonuses. A word is worth
ln(P / df), with df the number of passages that have it, and nothing if it is common; one that is in
none of the P is worth as much as one that is in one.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import log

import numpy as np

from kg.snapshot.tables import Floats, Ints, Longs, Words
from kg.surfaces import key_of
from retrieval.question import Question
from retrieval.walk.loops import best_of_each, distinct, shared_words

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
        first, end = table.passages.indptr[row], table.passages.indptr[row + 1]
        df = dict(zip(known, (end - first).tolist(), strict=True))
        if len(gone):
            for number, one in zip(known, row.tolist(), strict=True):
                df[number] -= int(np.isin(table.passages.row(one), gone).sum())
        worth = {form: _worth(df.get(number, 0), passages) for number, form in enumerate(forms)}
        shares = [_shares(words, worth) for words in _asked(question)]
        share = [[of.get(forms[number], 0.0) for number in known] for of in shares]
        found = np.array(share, dtype=np.float32).reshape(len(shares), len(known))
        counts = np.array([worth[forms[number]] > 0 for number in known], dtype=np.bool_)
        self._share: Floats = np.ascontiguousarray(found[:, counts])
        self._first, self._end = first[counts], end[counts]
        self._items = table.passages.items

    def at(self, passages: Ints) -> Floats:
        """(v, n): the share of each view's words, by worth, that stands in each of ascending
        passages, 0..1."""
        return shared_words(passages, self._share, self._first, self._end, self._items)

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
        return passages[best_of_each(self.at(passages), count)]


def _rows(table: Words, forms: Sequence[str]) -> tuple[list[int], Longs]:
    """(which of these words the corpus has, their rows in the table)."""
    key = np.array([key_of(form) for form in forms], dtype=np.uint64)
    row = np.searchsorted(table.key, key)
    if not len(table.key):
        return [], row[:0]
    known = (table.key[np.minimum(row, len(table.key) - 1)] == key).nonzero()[0]
    return known.tolist(), row[known]


def _worth(df: int, passages: int) -> float:
    """What a word is worth that `df` of so many passages have."""
    common = df > max(_COMMON * passages, _FEW)
    return 0.0 if common else log(max(passages, 1) / max(df, 1))


def _asked(question: Question) -> list[set[str]]:
    """The words of the question, and of each of its clauses."""
    views = [(0, len(question.text)), *((one.start, one.end) for one in question.clauses)]
    return [
        {form for form, place in question.words if start <= place < end} for start, end in views
    ]


def _shares(words: Iterable[str], worth: Mapping[str, float]) -> dict[str, float]:
    """Each word's share of what all are worth; none if they are worth nothing."""
    total = sum(worth[word] for word in words)
    return {word: worth[word] / total for word in words} if total > 0 else {}
