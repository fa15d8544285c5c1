"""Which of the walk's texts need no pass of their own through the embedding model."""

from collections.abc import Mapping

from retrieval.question import Question

LONG_CLAUSE = 0.6
"""A clause that is more than this share of its question reads nearly the same in the whole; a
shorter one is embedded alone."""


def parts_of(read: Question) -> Mapping[int, tuple[tuple[int, int], ...]]:
    """The mask and the long clauses: see `retrieval.mode.Divided`.

    Rows are those of question, mask (if it has one) and clauses.
    """
    first = 2 if read.mask else 1
    long = LONG_CLAUSE * _length(read.text)
    masked = {1: read.unlinked} if read.mask else {}
    clauses = {
        row: ((clause.start, clause.end),)
        for row, clause in enumerate(read.clauses, start=first)
        if _length(clause.text) > long
    }
    return {**masked, **clauses}


def _length(text: str) -> int:
    """In characters, runs of blanks counted as one: to the model they are the same."""
    return len(" ".join(text.split()))
