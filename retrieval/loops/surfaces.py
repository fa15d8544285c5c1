"""What is found by the 64-bit keys of a snapshot's ascending tables: a question's surfaces, all of
them in one loop, and the postings of its words.

A question of fifteen words has a hundred parts that may be names. Keys are hashes, so a key's share
of the highest tells about where it stands.
"""

import numpy as np
import numpy.typing as npt

from kg.snapshot.tables import Int64Array, Uint8Array, Uint64Array
from retrieval.loops.arrays import empty, zeros
from retrieval.loops.compiled import KEYS, LONG_ROWS, LONGS, compiled

_BYTES = "Array(uint8, 1, 'C', True)"

FNV_START, FNV_PRIME = 0xCBF29CE484222325, 0x100000001B3
MIXING = (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53)
LONGEST = 12
"""As in `kg.surfaces`, said again: what is compiled reads no constant of another file."""
_HIGHEST = 2.0**64


@compiled()
def _key(data: Uint8Array, start: int, end: int) -> np.uint64:
    """The key of data[start:end]: `kg.surfaces.key_of`."""
    key = np.uint64(FNV_START)
    for place in range(start, end):
        key = (key ^ np.uint64(data[place])) * np.uint64(FNV_PRIME)
    for factor in MIXING:
        key = (key ^ (key >> np.uint64(33))) * np.uint64(factor)
    return key ^ (key >> np.uint64(33))


@compiled()
def _first_from(key: np.uint64, keys: Uint64Array) -> int:
    """Where a key or the next higher one stands among ascending ones. They are hashes, so a key's
    share of the highest tells about where it is; from there in longer and longer strides."""
    guess, stride = int(len(keys) * (key / _HIGHEST)), 4
    low = high = min(guess, len(keys))
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
    key: np.uint64,
    data: Uint8Array,
    start: int,
    end: int,
    keys: Uint64Array,
    texts: Uint8Array,
    ends: Int64Array,
) -> int:
    """The row of the surface data[start:end]; -1 if the gazetteer has none."""
    low = _first_from(key, keys)
    while low < len(keys) and keys[low] == key:
        first = ends[low]
        place = 0 if ends[low + 1] - first == end - start else -1
        while 0 <= place < end - start:
            place = place + 1 if texts[first + place] == data[start + place] else -1
        if place >= 0:
            return low
        low += 1
    return -1


@compiled(f"int32[:, ::1]({_BYTES}, {LONG_ROWS}, {KEYS}, {_BYTES}, {LONGS})")
def surfaces_in(
    data: Uint8Array, tokens: Int64Array, keys: Uint64Array, texts: Uint8Array, offsets: Int64Array
) -> npt.NDArray[np.int32]:
    """(n, 3): first and last token of each part of a text that is a surface, and its row; by first
    token, then by length.

    data: the tokens with one byte between any two; tokens (3, t): how long each is, whether it is
    `named` and whether `alone` (`kg.tokens`). Surface r is texts[offsets[r]:offsets[r + 1]].
    """
    length, named, alone = tokens[0], tokens[1], tokens[2]
    count, found = 0, empty((len(length) * LONGEST, 3), np.int32)
    start = 0
    for first in range(len(length)):
        end, fits = start - 1, False
        for last in range(first, min(first + LONGEST, len(length))):
            end += 1 + length[last]
            fits = fits or named[last] > 0
            if not fits or (first == last and not alone[last]):
                continue
            key = _key(data, start, end)
            row = _row(key, data, start, end, keys, texts, offsets)
            if row >= 0:
                found[count, 0], found[count, 1], found[count, 2] = first, last, row
                count += 1
        start += 1 + length[first]
    return found[:count]


@compiled(f"Tuple((int64[::1], int64[::1]))({_BYTES}, {LONGS}, {KEYS}, {LONGS})")
def postings_of(
    data: Uint8Array, length: Int64Array, keys: Uint64Array, indptr: Int64Array
) -> tuple[Int64Array, Int64Array]:
    """(first, end) of the row of each word's key among the ascending `keys`; 0 and 0 of one that is
    not there. `data` are the words, one after the other, each of so many bytes."""
    first, end = zeros(len(length), np.int64), zeros(len(length), np.int64)
    start = 0
    for number in range(len(length)):
        key = _key(data, start, start + length[number])
        start += length[number]
        row = _first_from(key, keys)
        if row < len(keys) and keys[row] == key:
            first[number], end[number] = indptr[row], indptr[row + 1]
    return first, end
