"""What is found by the 64-bit keys of a snapshot's ascending tables: the names in a text, all of
them in one loop, and the postings of a question's words.

A question of fifteen words has a hundred parts that may be names. Keys are hashes, so a key's share
of the highest tells about where it stands. No table lies in the processor's cache when a question
comes, so all keys take each step of the search together: their reads do not wait for each other.
"""

import numpy as np

from kg.snapshot.tables import (
    Int32Array,
    Int64Array,
    Uint8Array,
    Uint64Array,
)
from retrieval.loops.arrays import empty, zeros
from retrieval.loops.compiled import INTS, KEYS, LONG_ROWS, LONGS, compiled

_BYTES = "Array(uint8, 1, 'C', True)"

FNV_START, FNV_PRIME = 0xCBF29CE484222325, 0x100000001B3
MIXING = (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53)
LONGEST = 12
"""As in `kg.surfaces`, said again: what is compiled reads no constant of another file."""
_HIGHEST = 2.0**64
_NEARER = 2
"""How often a guess is mended: each time its distance falls to about the root of what it was."""


@compiled()
def _hashed(key: np.uint64, data: Uint8Array, start: int, end: int) -> np.uint64:
    """Go on with a hash over data[start:end]."""
    for place in range(start, end):
        key = (key ^ np.uint64(data[place])) * np.uint64(FNV_PRIME)
    return key


@compiled()
def _mixed(key: np.uint64) -> np.uint64:
    """The key whose bytes were hashed: `kg.surfaces.key_of`."""
    for factor in MIXING:
        key = (key ^ (key >> np.uint64(33))) * np.uint64(factor)
    return key ^ (key >> np.uint64(33))


@compiled()
def _guessed(wanted: Uint64Array, keys: Uint64Array) -> Int64Array:
    """About where each wanted key stands among the ascending `keys`."""
    guess, last = empty(len(wanted), np.int64), len(keys) - 1
    for number in range(len(wanted)):
        guess[number] = min(int(len(keys) * (wanted[number] / _HIGHEST)), last)
    for _ in range(_NEARER if last >= 0 else 0):
        for number in range(len(wanted)):
            off = np.int64(wanted[number] - keys[guess[number]])
            mended = guess[number] + int(len(keys) * (off / _HIGHEST))
            guess[number] = max(min(mended, last), 0)
    return guess


@compiled()
def _first_from(key: np.uint64, keys: Uint64Array, guess: int) -> int:
    """Where a key or the next higher one stands among ascending ones; from the guess in longer and
    longer strides."""
    low = high = max(guess, 0)
    stride = 4
    while low > 0 and keys[low - 1] >= key:
        high = low - 1
        low = max(low - stride, 0)
        stride *= 4
    while high < len(keys) and keys[high] < key:
        low = high + 1
        high = min(high + stride, len(keys))
        stride *= 4
    while low < high:
        middle = (low + high) // 2
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low


@compiled()
def _row(
    low: int,
    key: np.uint64,
    data: Uint8Array,
    start: int,
    end: int,
    keys: Uint64Array,
    texts: Uint8Array,
    ends: Int64Array,
) -> int:
    """The row, from `low` on, of the surface data[start:end] with this key; -1 if there is none."""
    while low < len(keys) and keys[low] == key:
        first = ends[low]
        place = 0 if ends[low + 1] - first == end - start else -1
        while 0 <= place < end - start:
            place = place + 1 if texts[first + place] == data[start + place] else -1
        if place >= 0:
            return low
        low += 1
    return -1


@compiled()
def _tell_longest(found: Int64Array, tokens: int) -> None:
    """Say in column 2 which rows are the longest that do not overlap; of equally long ones the
    earlier."""
    taken = zeros(tokens, np.uint8)
    for length in range(LONGEST, 0, -1):
        for row in range(len(found)):
            first, last = found[row, 0], found[row, 1]
            # What overlaps one of at least its length has its first or last token inside it.
            if last - first + 1 == length and not taken[first] and not taken[last]:
                found[row, 2] = 1
                taken[first : last + 1] = 1


@compiled()
def _parts_of(data: Uint8Array, tokens: Int64Array) -> tuple[Int64Array, Uint64Array]:
    """(n, 4): first and last token, start and end in `data` of each part that may be a name; and
    their keys."""
    length, named, alone = tokens[0], tokens[1], tokens[2]
    most = len(length) * LONGEST
    parts, wanted = empty((most, 4), np.int64), empty(most, np.uint64)
    count = start = 0
    for first in range(len(length)):
        key, end, fits = np.uint64(FNV_START), start, False
        for last in range(first, min(first + LONGEST, len(length))):
            before, end = end, end + (first < last) + length[last]
            key = _hashed(key, data, before, end)
            fits = fits or named[last] > 0
            if fits and (first < last or alone[last]):
                parts[count, 0], parts[count, 1] = first, last
                parts[count, 2], parts[count, 3] = start, end
                wanted[count] = _mixed(key)
                count += 1
        start += length[first] + 1
    return parts[:count], wanted[:count]


@compiled(
    "Tuple((int64[:, ::1], int32[::1]))"
    f"({_BYTES}, {LONG_ROWS}, {KEYS}, {_BYTES}, {LONGS}, {LONGS}, {INTS})"
)
def names_in(
    data: Uint8Array,
    tokens: Int64Array,
    keys: Uint64Array,
    texts: Uint8Array,
    offsets: Int64Array,
    indptr: Int64Array,
    entries: Int32Array,
) -> tuple[Int64Array, Int32Array]:
    """(n, 4): first and last token of each part of a text that is a surface, whether it is one of
    the longest, and how many entries it may mean; by first token, then by length. And all these
    entries, one surface's after the other's.

    data: the tokens with a blank between any two; tokens (3, t): how long each is, whether it is
    `named` and whether `alone` (`kg.tokens`). Surface r is texts[offsets[r]:offsets[r + 1]] and
    means entries[indptr[r]:indptr[r + 1]].
    """
    parts, wanted = _parts_of(data, tokens)
    guess = _guessed(wanted, keys)
    rows, meanings, known = empty(len(parts), np.int64), 0, 0
    for part in range(len(parts)):
        low = _first_from(wanted[part], keys, guess[part])
        start, end = parts[part, 2], parts[part, 3]
        row = _row(low, wanted[part], data, start, end, keys, texts, offsets)
        if row >= 0:
            rows[known] = row
            parts[known, 0], parts[known, 1] = parts[part, 0], parts[part, 1]
            parts[known, 2], parts[known, 3] = 0, indptr[row + 1] - indptr[row]
            meanings += parts[known, 3]
            known += 1
    found, count = parts[:known], 0
    _tell_longest(found, tokens.shape[1])
    meant = empty(meanings, np.int32)
    for row in rows[:known]:
        for place in range(indptr[row], indptr[row + 1]):
            meant[count] = entries[place]
            count += 1
    return found, meant


@compiled(f"Tuple((int64[::1], int64[::1]))({_BYTES}, {LONGS}, {KEYS}, {LONGS})")
def postings_of(
    data: Uint8Array, length: Int64Array, keys: Uint64Array, indptr: Int64Array
) -> tuple[Int64Array, Int64Array]:
    """(first, end) of the row of each word's key among the ascending `keys`; 0 and 0 of one that is
    not there. `data` are the words, one after the other, each of so many bytes."""
    first, end = zeros(len(length), np.int64), zeros(len(length), np.int64)
    wanted, start = empty(len(length), np.uint64), 0
    for number in range(len(length)):
        wanted[number] = _mixed(_hashed(np.uint64(FNV_START), data, start, start + length[number]))
        start += length[number]
    guess = _guessed(wanted, keys)
    for number in range(len(length)):
        row = _first_from(wanted[number], keys, guess[number])
        if row < len(keys) and keys[row] == wanted[number]:
            first[number], end[number] = indptr[row], indptr[row + 1]
    return first, end
