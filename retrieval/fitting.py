"""How well passages that were found fit the question by themselves, in whatever mode.

A passage's similarity is half its own cosine with the question and half that of its best sentence,
as in the base score of mode `ammon`, without clauses, names and words. Unlike scores it can be
compared between questions: where even the best is low, the collection may not speak of it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kg.snapshot import Snapshot
from kg.snapshot.quantised import Quantised
from kg.snapshot.tables import Float32Array, Int32Array
from retrieval.quoting import is_heading
from retrieval.results import Span

_DECIMALS = 6
"""So many are the same however many passages are asked for."""
_ENDS = frozenset(".!?。！？")
"""What no heading ends with."""


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
    firsts = table.indptr[passages].tolist()
    counts = (table.indptr[passages + 1] - table.indptr[passages]).tolist()
    rows = [first + place for first, n in zip(firsts, counts, strict=True) for place in range(n)]
    near = _cosines(table.vectors, np.array(rows), question).tolist()
    if derived:
        own = _cosines(derived.vectors, passages, question)
    else:
        own = snapshot.passages.vectors[passages].astype(np.float64) @ question
    found, done = [], 0
    for passage, first, count, alone in zip(
        passages.tolist(), firsts, counts, own.tolist(), strict=True
    ):
        of_passage = near[done : done + count]
        done += count
        sentence = _nearest(snapshot, passage, first, of_passage)
        similarity = round(0.5 * (alone + max(of_passage)), _DECIMALS)
        found.append(Fit(similarity=similarity, sentence=sentence))
    return found


def _cosines(
    vectors: Quantised, rows: npt.NDArray[np.integer], question: Float32Array
) -> npt.NDArray[np.float64]:
    """In double precision: how sums are rounded depends on how many rows there are."""
    found: npt.NDArray[np.float64] = vectors.scale[rows] * (
        vectors.values[rows].astype(np.float64) @ question
    )
    return found


def _nearest(snapshot: Snapshot, passage: int, first: int, near: list[float]) -> Span:
    """The place of the best of a passage's sentences, which begin with the number `first`."""
    starts, ends = snapshot.sentences.start, snapshot.sentences.end
    text, title = snapshot.passages.text[passage], snapshot.passages.title[passage]
    best = first + near.index(max(near))
    span = Span(start=starts.item(best), end=ends.item(best))
    if not _is_heading(text, span, title):
        return span
    order = sorted(range(len(near)), key=lambda place: -near[place])
    others = (Span(start=starts.item(first + n), end=ends.item(first + n)) for n in order)
    return next((other for other in others if not _is_heading(text, other, title)), span)


def _is_heading(text: str, span: Span, title: str) -> bool:
    """As `is_heading`, which takes ten times as long for what is most often asked."""
    if text[span.end - 1 : span.end] in _ENDS and text[span.start : span.end] != title:
        return False
    return is_heading(text, span.start, span.end, title)
