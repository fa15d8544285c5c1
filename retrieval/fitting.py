"""How well passages that were found fit the question by themselves, in whatever mode.

A passage's similarity is half its own cosine with the question and half that of its best sentence,
as in the base score of mode `ammon`, without clauses, names and words: -1..1. Unlike scores it can
be compared between questions: where even the best is low, the collection may not speak of it.
"""

from collections.abc import Sequence

import numpy as np

from kg.snapshot import Snapshot
from kg.snapshot.quantised import Quantised
from kg.snapshot.tables import Float32Array, Int32Array
from retrieval.loops.fitting import fits_of
from retrieval.quoting import is_heading
from retrieval.results import Span

_MILLION = 1_000_000
"""Six decimals are the same however sums are rounded."""
_ENDS = frozenset(".!?。！？")
"""What no heading ends with."""


def fits(
    snapshot: Snapshot,
    passages: Int32Array,
    question: Float32Array,
    titles: Sequence[str],
    texts: Sequence[str],
) -> tuple[list[float], list[Span]]:
    """Of each of the passages, in their order: its similarity, and its sentence that is nearest to
    the question, a heading only where there is nothing else.

    `question` (d,) is the question's embedding.
    """
    table, derived = snapshot.sentences, snapshot.derived
    vectors = derived.vectors if derived else Quantised.of(snapshot.passages.vectors)
    millionths, places = fits_of(
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
    sentences = []
    for row, ((start, end), title, text) in enumerate(
        zip(places.tolist(), titles, texts, strict=True)
    ):
        # A full stop rules out most, in a tenth of the time.
        if (text[end - 1 : end] not in _ENDS or text[start:end] == title) and is_heading(
            text, start, end, title
        ):
            below = _below(snapshot, int(passages[row]), question, title, text)
            start, end = below or (start, end)
        sentences.append(Span(start=start, end=end))
    return [fit / _MILLION for fit in millionths.tolist()], sentences


def _below(
    snapshot: Snapshot, passage: int, question: Float32Array, title: str, text: str
) -> tuple[int, int] | None:
    """Where the nearest sentence that is no heading stands, if there is any."""
    table = snapshot.sentences
    first, end = table.indptr[passage : passage + 2].tolist()
    cosines = table.vectors.rows(np.arange(first, end)) @ question
    for row in (first + np.argsort(-cosines, kind="stable")).tolist():
        place = table.start.item(row), table.end.item(row)
        if not is_heading(text, *place, title):
            return place
    return None
