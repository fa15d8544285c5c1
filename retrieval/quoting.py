"""Choosing the sentence of a passage to quote."""

import re
from dataclasses import replace
from itertools import chain

import numpy as np

from kg.snapshot import Snapshot
from kg.snapshot.tables import Float32Array, Int32Array
from retrieval.receipt import Quote

_LONGEST_HEADING = 100
"""In characters; a longer line is a paragraph."""
_BULLET = re.compile(r"[-*+•–]\s")
_SENTENCE_END = re.compile(r"[.!?…:;。！？：؟۔।][\"'”’»›」』)\]]*(?:\s?\[\d+\])*$")


def best_quote(
    snapshot: Snapshot,
    sentences: Int32Array,
    vector: Float32Array,
    *,
    naming: frozenset[int] | None = None,
) -> Quote:
    """The one of these sentences of a passage (at least one) with the largest inner product with a
    vector (d,); a heading only if there is nothing else. naming: the sentences that contain the
    name they are quoted for, others are marked; None: no marks.
    """
    table = snapshot.sentences
    fits = table.vectors.rows(sentences) @ vector
    passage = int(table.passage[sentences[0]])
    text, title = snapshot.passages.text[passage], snapshot.passages.title[passage]
    quotes = (
        replace(
            _quote(text, int(table.start[sentence]), int(table.end[sentence]), title),
            by_title=naming is not None and sentence not in naming,
        )
        for sentence in sentences[np.argsort(-fits, kind="stable")].tolist()
    )
    best = next(quotes)
    return next((quote for quote in chain([best], quotes) if not quote.heading), best)


def sentences_of(snapshot: Snapshot, passage: int) -> Int32Array:
    """The numbers of a passage's sentences."""
    first, end = snapshot.sentences.indptr[passage : passage + 2]
    return np.arange(first, end, dtype=np.int32)


def is_heading(text: str, start: int, end: int, title: str = "") -> bool:
    """Whether a piece of a text is a heading: the text's title on a line of its own, or a short
    line between empty lines that has text below it and does not end like a sentence. Only that
    piece of the text and the white space around it are looked at.
    """
    line, before, after = text[start:end], _breaks_above(text, start), _breaks_below(text, end)
    if line == title:
        return before > 0 and after > 0
    return (
        before > 1
        and after > 1
        and len(line) <= _LONGEST_HEADING
        and not _BULLET.match(line)
        and not _SENTENCE_END.search(line)
    )


def _breaks_above(text: str, start: int) -> int:
    """Ends of lines in the white space before a place; where there is nothing else, two."""
    at = start
    while at and text[at - 1].isspace():
        at -= 1
    return text.count("\n", at, start) if at else 2


def _breaks_below(text: str, end: int) -> int:
    """Ends of lines in the white space from a place on; where there is nothing else, none."""
    at = end
    while at < len(text) and text[at].isspace():
        at += 1
    return text.count("\n", end, at) if at < len(text) else 0


def _quote(text: str, start: int, end: int, title: str) -> Quote:
    heading = is_heading(text, start, end, title)
    return Quote(text=text[start:end], start=start, end=end, heading=heading)
