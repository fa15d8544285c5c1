"""What a walk went over, to be told."""

import numpy as np

from kg.snapshot.tables import Float32Array, Int32Array, Int64Array
from retrieval.loops.arrays import empty, unset
from retrieval.loops.compiled import FLOATS, INTS, LONGS, compiled

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
