"""Sets of numbers: passages, names and rows that the walk comes to.

A *table* finds the place of a number in an array of distinct ones, by hashing: the walk touches
thousands of a corpus's passages and names, and keeps nothing that is as long as the corpus.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from kg.snapshot.tables import Int32Array
from retrieval.loops.arrays import empty, unset
from retrieval.loops.compiled import INTS, compiled

SPREAD = 0x9E3779B1
"""Spreads neighbouring numbers over a table (2^32 over the golden ratio)."""


@compiled()
def first_from(ascending: Any, low: int, end: int, wanted: Any) -> int:
    """Where `wanted` or the next higher stands among ascending[low:end]; `end` if there is none."""
    while low < end:
        middle = (low + end) // 2
        if ascending[middle] < wanted:
            low = middle + 1
        else:
            end = middle
    return low


@compiled()
def _slot_of(table: Int32Array, keys: Int32Array, wanted: int) -> int:
    """Where a key stands in a table, or else where it would."""
    slot = (np.int64(wanted) * SPREAD) & (len(table) - 1)
    while table[slot] >= 0 and keys[table[slot]] != wanted:
        slot = (slot + 1) & (len(table) - 1)
    return int(slot)


@compiled()
def table_of(keys: Int32Array) -> Int32Array:
    """A table of distinct keys that are not negative."""
    size = 8
    while size < 2 * len(keys):
        size *= 2
    table = unset(size, np.int32)
    for row in range(len(keys)):
        table[_slot_of(table, keys, keys[row])] = row
    return table


@compiled()
def places_of(table: Int32Array, keys: Int32Array, wanted: Int32Array) -> Int32Array:
    """Where each of `wanted` stands among the keys of a table; -1 where it does not."""
    places = empty(len(wanted), np.int32)
    for number in range(len(wanted)):
        places[number] = table[_slot_of(table, keys, wanted[number])]
    return places


@compiled(f"int32[::1]({INTS})")
def each_once(ascending: Int32Array) -> Int32Array:
    """Ascending numbers without those that are equal to the one before."""
    found = empty(len(ascending), np.int32)
    count = 0
    for row in range(len(ascending)):
        if not row or ascending[row] != ascending[row - 1]:
            found[count] = ascending[row]
            count += 1
    return found[:count]


@compiled()
def in_order(numbers: Int32Array) -> Int32Array:
    """Sorted by one byte after the other; none is negative."""
    most, shift = 0, 0
    for number in numbers:
        most = max(most, number)
    sorted_, ends = empty(len(numbers), np.int32), empty(257, np.int64)
    while most >> shift:
        for byte in range(257):
            ends[byte] = 0
        for number in numbers:
            ends[(number >> shift & 255) + 1] += 1
        for byte in range(1, 257):
            ends[byte] += ends[byte - 1]
        for number in numbers:
            byte = number >> shift & 255
            sorted_[ends[byte]] = number
            ends[byte] += 1
        numbers, sorted_ = sorted_, numbers
        shift += 8
    return numbers


@compiled()
def seen_too(
    table: Int32Array, keys: Int32Array, wanted: Int32Array
) -> tuple[Int32Array, Int32Array, Int32Array, Int32Array]:
    """Those of `wanted` that are not among the keys of a table, each once, ascending; if there are
    any, all keys with these behind them, and their table; and the place of each of `wanted`."""
    places = places_of(table, keys, wanted)
    unseen, count = empty(len(wanted), np.int32), 0
    for number in range(len(wanted)):
        unseen[count] = wanted[number]
        count += places[number] < 0
    if not count:
        return unseen[:0], unseen[:0], unseen[:0], places
    new = each_once(in_order(unseen[:count]))
    both = empty(len(keys) + len(new), np.int32)
    for row in range(len(keys)):
        both[row] = keys[row]
    for row in range(len(new)):
        both[len(keys) + row] = new[row]
    larger = table_of(both)
    return new, both, larger, places_of(larger, both, wanted)


def distinct(numbers: Sequence[Int32Array]) -> Int32Array:
    """What is in any of these arrays, each number once, ascending.

    As np.unique of all of them, in a fifth of the time for some hundreds.
    """
    none = np.zeros(0, dtype=np.int32)
    return each_once(np.sort(np.concatenate([none, *numbers], dtype=np.int32)))
