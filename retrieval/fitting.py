"""How well passages that were found fit the question by themselves, in whatever mode.

A passage's similarity is half its own cosine with the question and half that of its best sentence,
as in the base score of mode `ammon`, without clauses, names and words. Unlike scores it can be
compared between questions: where even the best is low, the collection may not speak of it.
"""

from dataclasses import dataclass

import numpy as np

from kg.snapshot import Snapshot
from kg.snapshot.tables import Float32Array, Int32Array
from retrieval.quoting import is_heading
from retrieval.results import Span


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """How a passage fits a question."""

    similarity: float
    """-1..1."""
    sentence: Span
    """The sentence nearest to the question; a heading only where there is nothing else."""


def fits(snapshot: Snapshot, passages: Int32Array, question: Float32Array) -> list[Fit]:
    """Of each of the passages, in their order; `question` (d,) is the question's embedding."""
    if not len(passages):
        return []
    table, derived = snapshot.sentences, snapshot.derived
    first, end = table.indptr[passages], table.indptr[passages + 1]
    counts = end - first
    begin = np.concatenate(([0], np.cumsum(counts)[:-1]))
    rows = np.arange(counts.sum()) + np.repeat(first - begin, counts)
    near: Float32Array = table.vectors.rows(rows) @ question
    best = np.maximum.reduceat(near, begin)
    vectors = derived.vectors.rows(passages) if derived else snapshot.passages.vectors[passages]
    similarity = 0.5 * (vectors @ question + best)
    return [
        Fit(similarity=float(value), sentence=_nearest(snapshot, int(one), near[start : start + n]))
        for value, one, start, n in zip(
            similarity, passages, begin.tolist(), counts.tolist(), strict=True
        )
    ]


def _nearest(snapshot: Snapshot, passage: int, near: Float32Array) -> Span:
    """The place of the best of a passage's sentences, (n,)."""
    table, first = snapshot.sentences, int(snapshot.sentences.indptr[passage])
    text, title = snapshot.passages.text[passage], snapshot.passages.title[passage]
    spans = (
        Span(start=int(table.start[first + row]), end=int(table.end[first + row]))
        for row in np.argsort(-near, kind="stable").tolist()
    )
    best = next(spans)
    if not is_heading(text, best.start, best.end, title):
        return best
    return next((s for s in spans if not is_heading(text, s.start, s.end, title)), best)
