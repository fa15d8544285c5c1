"""The words that a question and a passage have in common.

Words of names are left out: what those are worth is in the links' bonuses. A word is worth
ln(P / df), with df the number of passages that have it, and nothing if it is common; one that is in
none of the P is worth as much as one that is in one.
"""

import numpy as np

from kg.snapshot.tables import Int32Array, Words
from kg.surfaces import key_of
from retrieval.loops.surfaces import words_in
from retrieval.question import Question


class SharedWords:
    """The words of a question and of its clauses that are no names, in one corpus."""

    def __init__(self, question: Question, table: Words, passages: int, gone: Int32Array) -> None:
        """`passages`: how many there are, without those that are `gone`."""
        self.items = table.passages.items
        self.share, self.first, self.end = words_in(
            *question.words,
            table.key,
            table.passages.indptr,
            table.passages.items,
            gone,
            passages,
        )


def frequency(word: str, table: Words, gone: Int32Array) -> int:
    """How many passages have a word, by its normal form, but for those that are `gone`."""
    key = np.uint64(key_of(word))
    row = int(table.key.searchsorted(key))
    if row == len(table.key) or table.key[row] != key:
        return 0
    having = table.passages.row(row)
    return len(having) - (int(np.isin(having, gone).sum()) if len(gone) else 0)
