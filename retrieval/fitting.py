"""How well passages that were found fit the question by themselves, in whatever mode.

A passage's similarity is half its own cosine with the question and half that of its best sentence,
as in the base score of mode `ammon`, without clauses, names and words. Unlike scores it can be
compared between questions: where even the best is low, the collection may not speak of it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from kg.snapshot import Snapshot
from kg.snapshot.quantised import Quantised
from kg.snapshot.tables import Float32Array, Int32Array
from retrieval.quoting import is_heading
from retrieval.results import Span

_DECIMALS = 6
"""So many are the same however sums are rounded."""
_ENDS = frozenset(".!?。！？")
"""What no heading ends with."""


class Fit(NamedTuple):
    """How a passage fits a question."""

    similarity: float
    """-1..1, though vectors that were rounded to bytes may be a little longer than 1."""
    sentence: Span
    """The sentence nearest to the question; a heading only where there is nothing else."""


def fits(
    snapshot: Snapshot,
    passages: Int32Array,
    question: Float32Array,
    titles: Sequence[str],
    texts: Sequence[str],
) -> list[Fit]:
    """Of each of the passages, in their order; `question` (d,) is the question's embedding."""
    from retrieval.loops.telling import fits_of  # numba: what asks nothing does not load it

    table, derived = snapshot.sentences, snapshot.derived
    vectors = derived.vectors if derived else Quantised.of(snapshot.passages.vectors)
    similarity, places = fits_of(
        passages,
        vectors.values,
        vectors.scale,
        table.indptr,
        table.vectors.values,
        table.vectors.scale,
        table.start,
        table.end,
        question,
    )
    found = []
    for row, (fit, (start, end)) in enumerate(
        zip(similarity.clip(-1, 1).tolist(), places.tolist(), strict=True)
    ):
        text, title = texts[row], titles[row]
        if _is_heading(text, start, end, title):
            start, end = _below(snapshot, int(passages[row]), question, title, text) or (start, end)
        found.append(Fit(round(fit, _DECIMALS), Span(start=start, end=end)))
    return found


def _below(
    snapshot: Snapshot, passage: int, question: Float32Array, title: str, text: str
) -> tuple[int, int] | None:
    """Where the nearest sentence that is no heading stands, if there is any."""
    table = snapshot.sentences
    first, end = table.indptr[passage : passage + 2].tolist()
    cosines = table.vectors.rows(np.arange(first, end)) @ question
    for row in (first + np.argsort(-cosines, kind="stable")).tolist():
        place = table.start.item(row), table.end.item(row)
        if not _is_heading(text, *place, title):
            return place
    return None


def _is_heading(text: str, start: int, end: int, title: str) -> bool:
    """As `is_heading`, which takes ten times as long for what is most often asked."""
    if text[end - 1 : end] in _ENDS and text[start:end] != title:
        return False
    return is_heading(text, start, end, title)
