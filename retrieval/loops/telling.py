"""What is told of a walk and of the passages that were found."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from kg.snapshot.tables import Float32Array, Int32Array, Int64Array, Uint8Array
from retrieval.loops.arrays import empty, unset, zeros
from retrieval.loops.compiled import FLOAT_ROWS, FLOATS, INTS, LONGS, compiled
from retrieval.loops.lanes import fetch
from retrieval.loops.sets import SPREAD
from retrieval.loops.strings import COLUMN, Column, put_addresses, strings

_BITS = 63
"""Sets of numbers are first compared by so many of their lowest bits."""

Rows: TypeAlias = tuple[Int64Array, Int32Array]
"""A table of rows of different lengths: `Ragged.arrays`."""
_ROWS = f"Tuple(({LONGS}, {INTS}))"


def strings_of(text: Uint8Array, begins: Int64Array) -> list[str]:
    """The strings that `strings` found. Few texts have NUL: others are split in half the time."""
    whole = str(text.data, "utf-8")
    if not len(begins):
        return whole.split("\0")[:-1]
    return [whole[first : end - 1] for first, end in pairwise(begins.tolist())]


@compiled()
def _best(scores: Float32Array, count: int) -> Int32Array:
    """The rows of the `count` largest scores, largest first; of equal ones the lower row first."""
    rows = empty(min(count, len(scores)), np.int32)
    kept = 0
    for row in range(len(scores)):
        place = kept
        while place and scores[rows[place - 1]] < scores[row]:
            place -= 1
        if place >= len(rows):
            continue
        kept = min(kept + 1, len(rows))
        for later in range(kept - 1, place, -1):
            rows[later] = rows[later - 1]
        rows[place] = row
    return rows


@compiled(
    "Tuple((int32[::1], float32[::1]))"
    f"({INTS}, {FLOATS}, float32, {INTS}, {FLOATS}, float32, int64)"
)
def largest_sums(
    keys: Int32Array,
    amounts: Float32Array,
    weight: float,
    other_keys: Int32Array,
    other_amounts: Float32Array,
    other_weight: float,
    count: int,
) -> tuple[Int32Array, Float32Array]:
    """The `count` keys with the largest sums of weighted amounts, and these sums, largest first; of
    equal ones that which comes first, and none that sum to 0."""
    most = len(keys) + len(other_keys)
    size = 8
    while size < 2 * most:
        size *= 2
    table = unset(size, np.int32)
    found, sums = empty(most, np.int32), empty(most, np.float32)
    weighted = empty(most, np.float32)
    # Before they are added: what is multiplied and added in one go is not rounded between.
    for row in range(len(keys)):
        found[row], weighted[row] = keys[row], weight * amounts[row]
    for row in range(len(other_keys)):
        place = len(keys) + row
        found[place], weighted[place] = other_keys[row], other_weight * other_amounts[row]
    known = 0
    for row in range(most):
        key = found[row]
        slot = (np.int64(key) * SPREAD) & (size - 1)
        while table[slot] >= 0 and found[table[slot]] != key:
            slot = (slot + 1) & (size - 1)
        if table[slot] < 0:
            table[slot], found[known], sums[known] = known, key, 0
            known += 1
        sums[table[slot]] += weighted[row]
    rows = _best(sums[:known], count)
    kept = len(rows)
    while kept and sums[rows[kept - 1]] == 0:
        kept -= 1
    best, most_of_all = empty(kept, np.int32), empty(kept, np.float32)
    for place in range(kept):
        best[place], most_of_all[place] = found[rows[place]], sums[rows[place]]
    return best, most_of_all


@compiled()
def _has(numbers: Int32Array, wanted: int) -> bool:
    found = False
    for number in numbers:
        found = found or number == wanted
    return found


@compiled()
def _with(ascending: Int32Array, count: int, number: int) -> int:
    """Put a number among the first `count`, unless it is there; how many there are then."""
    place = count
    while place and ascending[place - 1] >= number:
        place -= 1
    if place < count and ascending[place] == number:
        return count
    for later in range(count, place, -1):
        ascending[later] = ascending[later - 1]
    ascending[place] = number
    return count + 1


@compiled(
    "Tuple((int32[::1], float32[:, ::1]))"
    f"({INTS}, {_ROWS}, {INTS}, {INTS}, {FLOAT_ROWS}, {INTS}, {INTS})"
)
def facts_about(
    passages: Int32Array,
    stated: Rows,
    subject: Int32Array,
    object_: Int32Array,
    vectors: Float32Array,
    entries: Int32Array,
    entity: Int32Array,
) -> tuple[Int32Array, Float32Array]:
    """(n,), (n, d): the facts that these passages state with the entity of one of these entries (if
    it has one) as subject or object, each once, ascending; and their vectors."""
    indptr, facts = stated
    named, bits = empty(len(entries), np.int32), 0
    for place in range(len(entries)):
        named[place] = entity[entries[place]]
        bits |= (named[place] >= 0) << (named[place] & _BITS)
    most = 0
    for passage in passages:
        most += indptr[passage + 1] - indptr[passage]
        for row in range(indptr[passage], indptr[passage + 1]):
            fetch(subject, np.int64(facts[row]))
            fetch(object_, np.int64(facts[row]))
    found = empty(most, np.int32)
    count = 0
    for passage in passages:
        for row in range(indptr[passage], indptr[passage + 1]):
            fact = facts[row]
            one, other = subject[fact], object_[fact]
            if (bits >> (one & _BITS) | bits >> (other & _BITS)) & 1 and (
                _has(named, one) or _has(named, other)
            ):
                count = _with(found, count, fact)
                fetch(vectors, np.int64(fact))
    taken = empty((count, vectors.shape[1]), np.float32)
    for place in range(count):
        vector, copy = vectors[found[place]], taken[place]
        for axis in range(len(vector)):
            copy[axis] = vector[axis]
    return found[:count], taken


@compiled(
    "Tuple((uint8[::1], int64[::1], float32[::1], int32[::1]))"
    f"({INTS}, float32[::1], int64, {INTS}, {INTS}, {_ROWS}, {INTS}, {INTS}, UniTuple({COLUMN}, 5))"
)
def told_of_facts(
    facts: Int32Array,
    scores: Float32Array,
    count: int,
    subject: Int32Array,
    object_: Int32Array,
    stating: Rows,
    passages: Int32Array,
    entries: Int32Array,
    columns: Sequence[Column],
) -> tuple[Uint8Array, Int64Array, Float32Array, Int32Array]:
    """(text, begins, scores, statements): as in `strings`, of all entries, then the subjects of
    the `count` facts with the best scores, their relations, their objects, and those of `passages`
    that state the first, the second ...; these facts' scores, and how many passages state each."""
    indptr, items = stating
    best = _best(scores, count)
    n, at = len(best), len(entries)
    rows, first = empty(at + n * (3 + len(passages)), np.int32), empty(6, np.int64)
    told, statements = empty(n, np.float32), zeros(n, np.int32)
    for place in range(at):
        rows[place] = entries[place]
    first[0], end = 0, at + 3 * n
    for column in range(4):
        first[column + 1] = at + column * n
    for place in range(n):
        fact = facts[best[place]]
        told[place] = scores[best[place]]
        rows[at + place], rows[at + n + place] = subject[fact], fact
        rows[at + 2 * n + place] = object_[fact]
        for row in range(indptr[fact], indptr[fact + 1]):
            if _has(passages, items[row]):
                rows[end] = items[row]
                statements[place] += 1
                end += 1
    first[5] = end
    addresses = empty((5, 4), np.int64)
    put_addresses(columns, addresses)
    text, begins = strings(addresses, rows[:end], first)
    return text, begins, told, statements


@compiled()
def _places(
    passages: Int32Array, documents: Rows, held: Rows, placed: Sequence[Int32Array]
) -> tuple[Int32Array, Int32Array]:
    """(m,), (m, 4): the document of each place where one of these passages stands; and which of
    `passages` it is, its start, end and page. They go by passage, by document and by position."""
    indptr, items = documents
    begins, contents = held
    start, end, page = placed
    standing, places = empty(0, np.int32), empty((0, 4), np.int32)
    for round_ in range(2):  # in the first, they are counted
        count = 0
        for number in range(len(passages)):
            before = -1
            for row in range(indptr[passages[number]], indptr[passages[number] + 1]):
                document = items[row]
                for place in range(begins[document], begins[document + 1]):
                    if contents[place] != passages[number] or document == before:
                        continue
                    if round_:
                        standing[count], places[count, 0] = document, number
                        places[count, 1], places[count, 2] = start[place], end[place]
                        places[count, 3] = page[place]
                    count += 1
                before = document
        if not round_:
            standing, places = empty(count, np.int32), empty((count, 4), np.int32)
    return standing, places


@compiled(
    "Tuple((uint8[::1], int64[::1], int32[:, ::1]))"
    f"({INTS}, {_ROWS}, {_ROWS}, UniTuple({INTS}, 3), int64[:, ::1])"
)
def told_of_passages(
    passages: Int32Array,
    documents: Rows,
    held: Rows,
    placed: Sequence[Int32Array],
    columns: Int64Array,
) -> tuple[Uint8Array, Int64Array, Int32Array]:
    """(text, begins, places): as in `strings` and `_places`, the strings of four columns for each
    passage, and of five columns for the document of each place.

    documents: passage -> its documents, ascending; held: document -> its passages; placed: start,
    end and page of each item of `held`; columns: `addresses_of` them.
    """
    standing, places = _places(passages, documents, held, placed)
    rows = empty(4 * len(passages) + 5 * len(standing), np.int32)
    first = empty(10, np.int64)
    end = first[0] = 0
    for column in range(9):
        for place in range(len(passages) if column < 4 else len(standing)):
            rows[end] = passages[place] if column < 4 else standing[place]
            end += 1
        first[column + 1] = end
    text, begins = strings(columns, rows, first)
    return text, begins, places
