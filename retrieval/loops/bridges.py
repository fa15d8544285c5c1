"""From passages to the entries that they share with others: the bridges of a step."""

from typing import TypeAlias

import numpy as np

from kg.snapshot.tables import BoolArray, Float32Array, Int32Array, Int64Array
from retrieval.loops.arrays import empty, unset, zeros
from retrieval.loops.compiled import compiled
from retrieval.loops.sets import SPREAD

Ways: TypeAlias = tuple[Int32Array, Int32Array, Int32Array, BoolArray, Int32Array, Float32Array]
"""From places on to bridges: the places that ways begin at, ascending; of each way its place, the
row of its bridge in the last but one, and whether it is weak; the bridges; and how rare each is."""


@compiled()
def idf_of(entries: Int32Array, postings: Int64Array, passages: int) -> Float32Array:
    """ln(1 + n/df) / ln(1 + n) of entries, whose postings are postings[e]:postings[e + 1], in n
    passages: 1 for a name in one of them, towards 0 for one in all."""
    idf, most = empty(len(entries), np.float32), np.log1p(float(max(passages, 1)))
    for number in range(len(entries)):
        df = postings[entries[number] + 1] - postings[entries[number]]
        idf[number] = np.log1p(passages / max(df, 1)) / most
    return idf


@compiled()
def _rows_of_most(amounts: Float32Array, share: float) -> Int32Array:
    """The rows of the largest amounts that together make up this share of all, ascending.

    Of equal amounts the lower row is taken first; amounts of 0 are never taken.
    """
    rows, count, total = empty(len(amounts), np.int32), 0, 0.0
    for row in range(len(amounts)):
        total += amounts[row]
        if amounts[row] > 0:
            place = count
            while place and amounts[rows[place - 1]] < amounts[row]:
                rows[place] = rows[place - 1]
                place -= 1
            rows[place] = row
            count += 1
    reached, taken = 0.0, zeros(len(amounts), np.uint8)
    for place in range(count):
        if reached < share * total:
            reached += amounts[rows[place]]
            taken[rows[place]] = 1
    count = 0
    for row in range(len(amounts)):
        if taken[row]:
            rows[count] = row
            count += 1
    return rows[:count]


@compiled()
def _pairs_of(
    passages: Int32Array,
    sources: Int32Array,
    indptr: Int64Array,
    pairs: Int32Array,
    entry: Int32Array,
    weak: BoolArray,
) -> tuple[Int32Array, Int32Array, BoolArray]:
    """(source, entry, whether it is weak) of all pairs of the passages at these places.

    They lie all over the tables: nothing is asked of them here, so that the processor need not wait
    for one before it reads the next.
    """
    most = 0
    for source in sources:
        most += indptr[passages[source] + 1] - indptr[passages[source]]
    origin, entries = empty(most, np.int32), empty(most, np.int32)
    faint, count = empty(most, np.bool_), 0
    for source in sources:
        for row in range(indptr[passages[source]], indptr[passages[source] + 1]):
            origin[count], entries[count] = source, entry[pairs[row]]
            faint[count] = weak[pairs[row]]
            count += 1
    return origin, entries, faint


@compiled()
def bridges_from(
    amounts: Float32Array,
    walked: float,
    passages: Int32Array,
    indptr: Int64Array,
    pairs: Int32Array,
    entry: Int32Array,
    weak: BoolArray,
    postings: Int64Array,
    excluded: Int32Array,
    common: int,
    total: int,
) -> Ways:
    """The places of the largest of these amounts, one for each passage, that make up the share
    `walked` of all, ascending. (one of these places, row of the last but one, whether it is weak)
    for every entry of the passages there that another passage has too, but not more than `common`,
    and that is not excluded; these entries, each once, where it comes first; and their `idf_of`."""
    sources = _rows_of_most(amounts, walked)
    origin, entries, faint = _pairs_of(passages, sources, indptr, pairs, entry, weak)
    usable = empty(len(entries), np.bool_)
    for number in range(len(entries)):
        one = entries[number]
        df = postings[one + 1] - postings[one]
        usable[number] = (df >= 2) & (df <= common)
    size = 8
    while size < 2 * len(entries):
        size *= 2
    table, which = unset(size, np.int32), empty(len(entries), np.int32)
    moves = count = 0
    for number in range(len(entries)):
        one, fit = entries[number], usable[number]
        for other in excluded:
            fit &= other != one
        if fit:
            slot = (np.int64(one) * SPREAD) & (size - 1)
            while table[slot] >= 0 and entries[table[slot]] != one:
                slot = (slot + 1) & (size - 1)
            if table[slot] < 0:
                table[slot] = count
                entries[count] = one  # those before it were read
                count += 1
            origin[moves], which[moves] = origin[number], table[slot]
            faint[moves] = faint[number]
            moves += 1
    return (
        sources,
        origin[:moves],
        which[:moves],
        faint[:moves],
        entries[:count],
        idf_of(entries[:count], postings, total),
    )
