"""The words that a question and a passage have in common.

Words of names are left out: what those are worth is in the links' bonuses. A word is worth
ln(P / df), with df the number of passages that have it, and nothing if it is common; one that is in
none of the P is worth as much as one that is in one.
"""

import numpy as np

from kg.snapshot.tables import BoolArray, Float32Array, Int32Array, Words
from kg.surfaces import key_of
from retrieval.loops.best import best_of_each
from retrieval.loops.shared import (
    of_the_rarest,
    shared_words,
    shares_of,
)
from retrieval.loops.surfaces import postings_of
from retrieval.question import Question

_READ = 500
"""How many postings of a question's rarest words are read for candidates."""


class SharedWords:
    """The words of a question and of its clauses that are no names, in one corpus."""

    def __init__(self, question: Question, table: Words, passages: int, gone: Int32Array) -> None:
        """`passages`: how many there are, without those that are `gone`."""
        forms = sorted({form for form, _ in question.words})
        encoded = [form.encode() for form in forms]
        data = np.frombuffer(b"".join(encoded), dtype=np.uint8)
        length = np.array([len(form) for form in encoded], dtype=np.int64)
        self.items = table.passages.items
        self.first, end = postings_of(data, length, table.key, table.passages.indptr)
        df = end - self.first
        if len(gone):
            rows = zip(self.first.tolist(), end.tolist(), strict=True)
            lost = [int(np.isin(self.items[low:high], gone).sum()) for low, high in rows]
            df -= np.array(lost, dtype=np.int64)  # also where the question has no words
        self.share, counts = shares_of(_asked(question, forms), df, passages)
        self.end = self.first + counts * (end - self.first)

    def at(self, passages: Int32Array) -> Float32Array:
        """(v, n): the share of each view's words, by worth, that stands in each of ascending
        passages, 0..1."""
        return shared_words(passages, self.share, self.first, self.end, self.items)

    def best(self, count: int) -> Int32Array:
        """The `count` passages of each view that have most of its words, among those that have the
        question's rarest words; distinct, ascending."""
        passages = of_the_rarest(self.first, self.end, self.items, _READ)
        return passages[best_of_each(self.at(passages), count)]


def _asked(question: Question, forms: list[str]) -> BoolArray:
    """(1 + clauses, words): which words the question has, and each of its clauses."""
    if not question.clauses:
        return np.ones((1, len(forms)), dtype=np.bool_)
    asked = [[True] * len(forms)]
    for clause in question.clauses:
        inside = {form for form, place in question.words if clause.start <= place < clause.end}
        asked.append([form in inside for form in forms])
    return np.array(asked, dtype=np.bool_)


def frequency(word: str, table: Words, gone: Int32Array) -> int:
    """How many passages have a word, by its normal form, but for those that are `gone`."""
    key = np.uint64(key_of(word))
    row = int(table.key.searchsorted(key))
    if row == len(table.key) or table.key[row] != key:
        return 0
    having = table.passages.row(row)
    return len(having) - (int(np.isin(having, gone).sum()) if len(gone) else 0)
