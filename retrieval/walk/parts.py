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
    parts: dict[int, tuple[tuple[int, int], ...]] = {1: read.unlinked} if read.mask else {}
    if read.clauses:
        long, first = LONG_CLAUSE * _length(read.text), 1 + len(parts)
        for row, clause in enumerate(read.clauses, first):
            if _length(clause.text) > long:
                parts[row] = ((clause.start, clause.end),)
    return parts


def _length(text: str) -> int:
    """In characters, runs of blanks counted as one: to the model they are the same."""
    return len(" ".join(text.split()))
