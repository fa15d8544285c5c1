"""What is told of a walk and of the passages that were found."""

import numpy as np

from kg.snapshot.quantised import Int8Array
from kg.snapshot.tables import Float32Array, Float64Array, Int32Array, Int64Array
from retrieval.loops.arrays import empty, unset, zeros
from retrieval.loops.compiled import FLOATS, INTS, LONGS, OCTET_ROWS, compiled

_SPREAD = 0x9E3779B1
"""Spreads neighbouring numbers over a table (2^32 over the golden ratio)."""


@compiled(f"Tuple((int32[::1], float32[::1]))({INTS}, {FLOATS}, int64)")
def largest_sums(
    keys: Int32Array, amounts: Float32Array, count: int
) -> tuple[Int32Array, Float32Array]:
    """The `count` keys with the largest sums of amounts, and these sums, largest first; of equal
    ones that which comes first, and none that sum to 0."""
    size = 8
    while size < 2 * len(keys):
        size *= 2
    table = unset(size, np.int32)
    found, sums = empty(len(keys), np.int32), empty(len(keys), np.float32)
    known = 0
    for row in range(len(keys)):
        slot = (np.int64(keys[row]) * _SPREAD) & (size - 1)
        while table[slot] >= 0 and found[table[slot]] != keys[row]:
            slot = (slot + 1) & (size - 1)
        if table[slot] >= 0:
            sums[table[slot]] += amounts[row]
        else:
            table[slot], found[known], sums[known] = known, keys[row], amounts[row]
            known += 1
    kept, most = 0, min(count, known)
    for row in range(known):
        key, total, place = found[row], sums[row], kept
        while place and sums[place - 1] < total:
            place -= 1
        if total == 0 or place >= most:
            continue
        kept = min(kept + 1, most)
        for later in range(kept - 1, place, -1):
            found[later], sums[later] = found[later - 1], sums[later - 1]
        found[place], sums[place] = key, total
    return found[:kept], sums[:kept]


@compiled(f"int32[::1]({INTS}, {LONGS}, {INTS}, {INTS}, {INTS}, {INTS})")
def facts_about(
    passages: Int32Array,
    indptr: Int64Array,
    facts: Int32Array,
    subject: Int32Array,
    object_: Int32Array,
    entities: Int32Array,
) -> Int32Array:
    """The facts that these passages state with one of these entities as subject or object, each
    once, ascending."""
    most = 0
    for passage in passages:
        most += indptr[passage + 1] - indptr[passage]
    found = empty(most, np.int32)
    count = 0
    for passage in passages:
        for row in range(indptr[passage], indptr[passage + 1]):
            fact = facts[row]
            about = False
            for entity in entities:
                about = about or subject[fact] == entity or object_[fact] == entity
            place = count
            while about and place and found[place - 1] >= fact:
                place -= 1
            if about and (place == count or found[place] != fact):
                for later in range(count, place, -1):
                    found[later] = found[later - 1]
                found[place] = fact
                count += 1
    return found[:count]


@compiled()
def _cosine(vectors: Int8Array, scale: Float32Array, row: int, query: Float64Array) -> float:
    """In double precision: in whatever order it is summed, the first decimals are the same."""
    total = 0.0
    for axis in range(len(query)):
        total += vectors[row, axis] * query[axis]
    return float(total * scale[row])


@compiled(
    "Tuple((float64[::1], int32[:, ::1]))"
    f"({INTS}, {OCTET_ROWS}, {FLOATS}, {LONGS}, {OCTET_ROWS}, {FLOATS}, {INTS}, {INTS}, {FLOATS})"
)
def fits_of(
    passages: Int32Array,
    vectors: Int8Array,
    scale: Float32Array,
    indptr: Int64Array,
    sentences: Int8Array,
    sentence_scale: Float32Array,
    start: Int32Array,
    end: Int32Array,
    question: Float32Array,
) -> tuple[Float64Array, Int32Array]:
    """(n,), (n, 2): half of each passage's product with the question and half of its best
    sentence's; and where in its text that sentence stands, the first of equal ones, or of all if no
    product is a number."""
    query = empty(len(question), np.float64)
    for axis in range(len(question)):
        query[axis] = question[axis]
    similarity, place = empty(len(passages), np.float64), zeros((len(passages), 2), np.int32)
    for number in range(len(passages)):
        passage, most = passages[number], -np.inf
        for row in range(indptr[passage], indptr[passage + 1]):
            cosine = _cosine(sentences, sentence_scale, row, query)
            if cosine > most or row == indptr[passage]:
                place[number, 0], place[number, 1] = start[row], end[row]
            most = cosine if cosine > most else most
        similarity[number] = 0.5 * (_cosine(vectors, scale, passage, query) + most)
    return similarity, place
