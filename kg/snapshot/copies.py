"""Texts that stand in several passages: under other titles or headings, as a footer does, or a page
that is published in several places.

The walk takes all passages of one text for one: otherwise they would send their mass to each other,
and take the places of what the text leads to. One of them stands for all, and is named by
everything that names any of them.
"""

from collections import defaultdict

import numpy as np

from kg.snapshot.container import Strings
from kg.snapshot.tables import Int32Array, Int64Array, Pairs, Ragged


def copies_among(texts: Strings) -> Ragged:
    """Each text that several of the rows have -> these rows, ascending; in order of the first.

    Texts are equal if they are once white space is collapsed.
    """
    # By their hashes first, for the memory: of most texts there is one.
    hashes = np.fromiter((hash(collapsed(text)) for text in texts), np.int64, len(texts))
    _, which, counts = np.unique(hashes, return_inverse=True, return_counts=True)
    rows: dict[str, list[int]] = defaultdict(list)
    for row in np.flatnonzero(counts[which] > 1).tolist():
        rows[collapsed(texts[row])].append(row)
    return Ragged.from_rows([those for those in rows.values() if len(those) > 1])


def collapsed(text: str) -> str:
    """A text with one blank for each run of white space, and none at its ends."""
    return " ".join(text.split())


def best_known_first(copies: Ragged, pairs: Pairs) -> Ragged:
    """The same rows, each with that passage first which stands for the text: the one whose title
    most passages name, so that it is the page, and not the page's number in some archive; of
    several the first."""
    df = np.diff(pairs.indptr)
    titled = np.flatnonzero(pairs.is_title)
    known: dict[int, int] = {}
    for row in titled[np.isin(pairs.passage[titled], copies.items)].tolist():
        passage = int(pairs.passage[row])
        known[passage] = max(known.get(passage, 0), int(df[pairs.entry[row]]))
    rows = (copies.row(row).tolist() for row in range(len(copies)))
    return Ragged.from_rows(
        [sorted(row, key=lambda passage: (-known.get(passage, 0), passage)) for row in rows]
    )


def pairs_of_texts(pairs: Pairs, copies: Ragged, sentences: Int64Array) -> Pairs:
    """The pairs with all passages of a text as one, the first in its row of `copies`.

    Passage p has the sentences sentences[p]:sentences[p + 1]. Of several pairs of a text with the
    same entry, the sentences are those of the one that has it for a title, if there is one.
    """
    stands = np.arange(len(sentences) - 1, dtype=np.int32)
    stands[copies.items] = np.repeat(copies.items[copies.indptr[:-1]], np.diff(copies.indptr))
    passage = stands[pairs.passage]
    moved = passage != pairs.passage
    order = np.lexsort((moved, ~pairs.is_title, passage, pairs.entry))
    entry, passage = pairs.entry[order], passage[order]
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = (entry[1:] != entry[:-1]) | (passage[1:] != passage[:-1])
    starts = np.flatnonzero(first)
    rows = order[starts]
    weak = np.logical_and.reduceat(pairs.weak[order], starts) if len(starts) else pairs.weak
    return Pairs.of(
        entry=entry[starts],
        passage=passage[starts],
        is_title=pairs.is_title[rows],
        weak=weak,
        sentences=_moved(pairs, rows, passage[starts], sentences),
        entries=len(pairs.indptr) - 1,
        passages=len(stands),
    )


def _moved(pairs: Pairs, rows: Int64Array, passage: Int32Array, sentences: Int64Array) -> Ragged:
    """The sentences of these rows, at the same places of another passage each. What would be behind
    its last, where white space made more sentences of the same text, is its last."""
    lengths = np.diff(pairs.sentences.indptr)[rows]
    indptr = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    within = np.arange(indptr[-1]) - np.repeat(indptr[:-1], lengths)
    items = pairs.sentences.items[np.repeat(pairs.sentences.indptr[rows], lengths) + within]
    far = np.repeat(sentences[passage] - sentences[pairs.passage[rows]], lengths)
    last = np.repeat(sentences[passage + 1] - 1, lengths)
    return Ragged(indptr, np.minimum(items + far, last).astype(np.int32))
