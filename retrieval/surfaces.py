"""Which parts of a text are surfaces of a gazetteer: all of them in one compiled loop.

A question of fifteen words has a hundred parts that may be names. Each is hashed (BLAKE2b, RFC
7693, as `kg.surfaces.key_of` does it) and looked for by bisection among the surfaces' ascending
keys.
"""

import numpy as np
import numpy.typing as npt

from kg.snapshot.tables import Bytes, Keys, Longs
from kg.surfaces import MAX_TOKENS
from retrieval.compiled import LONG_ROWS, LONGS, compiled

_BYTES = "Array(uint8, 1, 'C', True)"
_KEYS = "Array(uint64, 1, 'C', True)"

_START = np.array(
    [
        0x6A09E667F3BCC908,
        0xBB67AE8584CAA73B,
        0x3C6EF372FE94F82B,
        0xA54FF53A5F1D36F1,
        0x510E527FADE682D1,
        0x9B05688C2B3E6C1F,
        0x1F83D9ABFB41BD6B,
        0x5BE0CD19137E2179,
    ],
    dtype=np.uint64,
)
_EIGHT_BYTES = np.uint64(0x01010008)
"""What the hash's parameters are: eight bytes, no key."""
_ORDER = np.array(
    [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
        [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
        [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
        [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
        [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
        [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
        [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
        [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
        [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
    ],
    dtype=np.uint8,
)
"""In which order each round takes a block's words; the eleventh is the first again."""
_MIXED = np.array(
    [
        [0, 4, 8, 12],
        [1, 5, 9, 13],
        [2, 6, 10, 14],
        [3, 7, 11, 15],
        [0, 5, 10, 15],
        [1, 6, 11, 12],
        [2, 7, 8, 13],
        [3, 4, 9, 14],
    ],
    dtype=np.uint8,
)
"""The numbers that each part of a round mixes."""
_BLOCK, _ROUNDS = 128, 12
_HIGHEST = 2.0**64


@compiled()
def _turned(word: np.uint64, right: int) -> np.uint64:
    return (word >> np.uint64(right)) | (word << np.uint64(64 - right))


@compiled()
def _mix(v: Keys, four: Bytes, first: np.uint64, second: np.uint64) -> None:
    a, b, c, d = four[0], four[1], four[2], four[3]
    v[a] += v[b] + first
    v[d] = _turned(v[d] ^ v[a], 32)
    v[c] += v[d]
    v[b] = _turned(v[b] ^ v[c], 24)
    v[a] += v[b] + second
    v[d] = _turned(v[d] ^ v[a], 16)
    v[c] += v[d]
    v[b] = _turned(v[b] ^ v[c], 63)


@compiled()
def _compress(h: Keys, m: Keys, v: Keys, read: int, last: bool) -> None:
    """Mix one block m (16,) into the hash h (8,), after `read` bytes; v (16,) is room for it."""
    for place in range(8):
        v[place], v[place + 8] = h[place], _START[place]
    v[12] ^= np.uint64(read)
    if last:
        v[14] = ~v[14]
    for turn in range(_ROUNDS):
        order = turn % 10
        for part in range(8):
            first, second = m[_ORDER[order, 2 * part]], m[_ORDER[order, 2 * part + 1]]
            _mix(v, _MIXED[part], first, second)
    for place in range(8):
        h[place] ^= v[place] ^ v[place + 8]


@compiled()
def _key(data: Bytes, start: int, end: int, h: Keys, m: Keys, v: Keys) -> np.uint64:
    """The key of data[start:end]; h (8,), m and v (16,) are room to work in."""
    for place in range(8):
        h[place] = _START[place]
    h[0] ^= _EIGHT_BYTES
    at = start
    while at < end or at == start:
        for place in range(16):
            m[place] = 0
        size = min(_BLOCK, end - at)
        for place in range(size):
            m[place >> 3] |= np.uint64(data[at + place]) << np.uint64(8 * (place & 7))
        _compress(h, m, v, at + size - start, at + size == end)
        at += max(size, 1)  # also of nothing, one block is mixed in
    key = np.uint64(0)
    for place in range(8):  # the hash's bytes, the first of them the highest
        key = (key << np.uint64(8)) | ((h[0] >> np.uint64(8 * place)) & np.uint64(255))
    return key


@compiled()
def _first_from(key: np.uint64, keys: Keys) -> int:
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
    key: np.uint64, data: Bytes, start: int, end: int, keys: Keys, texts: Bytes, ends: Longs
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


@compiled(f"int64({_BYTES}, {_KEYS}, {_BYTES}, {LONGS})")
def surface_row(data: Bytes, keys: Keys, texts: Bytes, offsets: Longs) -> int:
    """The row of one surface, as in `surfaces_in`; -1 if it is unknown."""
    h, m, v = np.empty(8, np.uint64), np.empty(16, np.uint64), np.empty(16, np.uint64)
    key = _key(data, 0, len(data), h, m, v)
    return _row(key, data, 0, len(data), keys, texts, offsets)


@compiled(f"int32[:, ::1]({_BYTES}, {LONG_ROWS}, {_KEYS}, {_BYTES}, {LONGS})")
def surfaces_in(
    data: Bytes, tokens: Longs, keys: Keys, texts: Bytes, offsets: Longs
) -> npt.NDArray[np.int32]:
    """(n, 2): first and last token of each part of a text that is a surface, by first token, then
    by length.

    data: the tokens with one byte between any two; tokens (3, t): how long each is, whether it is
    `named` and whether `alone` (`kg.tokens`). Surface r is texts[offsets[r]:offsets[r + 1]].
    """
    h, m, v = np.empty(8, np.uint64), np.empty(16, np.uint64), np.empty(16, np.uint64)
    length, named, alone = tokens[0], tokens[1], tokens[2]
    count, found = 0, np.empty((len(length) * MAX_TOKENS, 2), dtype=np.int32)
    start = 0
    for first in range(len(length)):
        end, fits = start - 1, False
        for last in range(first, min(first + MAX_TOKENS, len(length))):
            end += 1 + length[last]
            fits = fits or named[last] > 0
            if not fits or (first == last and not alone[last]):
                continue
            key = _key(data, start, end, h, m, v)
            if _row(key, data, start, end, keys, texts, offsets) >= 0:
                found[count, 0], found[count, 1] = first, last
                count += 1
        start += 1 + length[first]
    return found[:count].copy()
