"""From entries to the passages that they lead to: their postings, cut to the best."""

from typing import TypeAlias

import numpy as np

from kg.snapshot.tables import BoolArray, Int32Array, Int64Array
from retrieval.loops.arrays import empty, zeros
from retrieval.loops.compiled import compiled
from retrieval.loops.sets import first_from

Texts: TypeAlias = tuple[Int64Array, Int32Array, BoolArray, Int64Array]
"""Pair r has the sentences sentences[indptr[r]:indptr[r + 1]]; whether it is a title; and passage p
has the sentences of the last from p to p + 1."""

_LATER = 1 << 32
"""What puts a number behind all that sentences have."""


@compiled()
def _put_kept(
    rows: Int64Array,
    start: int,
    count: int,
    pairs: tuple[int, int],
    passage: Int32Array,
    texts: Texts,
) -> None:
    """Put the `count` best of a hub's pairs first:end into rows[start:], ascending: those that
    `kg.snapshot.hubs.best_pairs` keeps."""
    first, end = pairs
    sentences_indptr, sentences, is_title, sentences_of = texts
    ranks, kept = empty(count, np.int64), 0
    for row in range(first, end):
        naming = sentences[min(sentences_indptr[row], len(sentences) - 1)]
        rank = np.int64(naming) - sentences_of[passage[row]]
        rank += 0 if is_title[row] else _LATER
        place = kept
        while place and ranks[place - 1] > rank:
            place -= 1
        if place == count:
            continue
        kept = min(kept + 1, count)
        for later in range(kept - 1, place, -1):
            ranks[later], rows[start + later] = ranks[later - 1], rows[start + later - 1]
        ranks[place], rows[start + place] = rank, row
    for number in range(1, count):
        row, place = rows[start + number], number
        while place and rows[start + place - 1] > row:
            rows[start + place] = rows[start + place - 1]
            place -= 1
        rows[start + place] = row


@compiled()
def posting_rows(
    entries: Int32Array,
    indptr: Int64Array,
    passage: Int32Array,
    texts: Texts,
    limit: int,
    hubs: Int32Array,
    kept: Int64Array,
) -> tuple[Int64Array, Int64Array, Int32Array]:
    """(indptr, pairs, their passages): the postings of each entry; of one with more than `limit`
    those in its row of `kept`, if it is among the ascending `hubs`, and else those that would be
    kept."""
    ends = zeros(len(entries) + 1, np.int64)
    for number in range(len(entries)):
        df = indptr[entries[number] + 1] - indptr[entries[number]]
        ends[number + 1] = ends[number] + min(df, limit)
    rows = empty(ends[-1], np.int64)
    for number in range(len(entries)):
        first, end = indptr[entries[number]], indptr[entries[number] + 1]
        many = end - first > limit
        hub = first_from(hubs, 0, len(hubs), entries[number]) if many else 0
        if many and (hub == len(hubs) or hubs[hub] != entries[number]):
            _put_kept(rows, ends[number], limit, (first, end), passage, texts)
            continue
        for place in range(ends[number + 1] - ends[number]):
            rows[ends[number] + place] = kept[hub, place] if many else first + place
    found = empty(len(rows), np.int32)
    for number in range(len(rows)):
        found[number] = passage[rows[number]]
    return ends, rows, found
