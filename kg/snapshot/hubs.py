"""Hubs, the entries that many passages name: which of their pairs to keep."""

import numpy as np
import numpy.typing as npt

from kg.snapshot.tables import Int32Array, Int64Array

KEPT = 20
"""An entry with more pairs than this is a hub; this many of its pairs are kept."""


def best_pairs(
    entry: Int32Array,
    df: Int64Array,
    is_title: npt.NDArray[np.bool_],
    place: Int32Array,
    passage: Int32Array,
    kept: int = KEPT,
) -> tuple[Int32Array, Int64Array]:
    """The hubs among the entries, ascending (h,), and the pairs that are kept of each (h, kept).

    `df` (N,) are the entries' numbers of pairs; the others are of pairs (M,), in order of entry:
    `place` is the first sentence that names the entry, counted within the passage. Own titles are
    kept before others, then what is named early, then lower passages; rows ascend.
    """
    hubs = np.flatnonzero(df > kept)
    rows = np.flatnonzero(np.repeat(df > kept, df))
    order = np.lexsort((passage[rows], place[rows], ~is_title[rows], entry[rows]))
    counts = df[hubs]
    first = np.cumsum(counts) - counts
    best = rows[order[first[:, None] + np.arange(kept)]]
    return hubs.astype(np.int32), np.sort(best, axis=1).astype(np.int64)
