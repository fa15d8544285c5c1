"""What is found by the 64-bit keys of a snapshot's ascending tables: the names in a text, all of
them in one loop, and the postings of a question's words.

A question of fifteen words has a hundred parts that may be names. Keys are hashes, so a key's share
of the highest tells about where it stands. No table lies in the processor's cache when a question
comes, so all keys take each step of the search together: their reads do not wait for each other.
"""

import numpy as np

from kg.snapshot.tables import (
    Float32Array,
    Float64Array,
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
_COMMON, _FEW = 0.2, 20
"""A word that more than this share of the passages has, and more than a few, is worth nothing:
hardly anything is lost, and its postings need not be read."""
_SHARE = 2.0**-64
"""Of a key among the highest: a product with it is as exact as a quotient, and soon compiled."""
_NEW_LINE = 10
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
    key = (key ^ (key >> np.uint64(33))) * np.uint64(MIXING[0])
    key = (key ^ (key >> np.uint64(33))) * np.uint64(MIXING[1])
    return key ^ (key >> np.uint64(33))


@compiled()
def _guessed(wanted: Uint64Array, keys: Uint64Array) -> Int64Array:
    """About where each wanted key stands among the ascending `keys`."""
    guess, last = empty(len(wanted), np.int64), len(keys) - 1
    for number in range(len(wanted)):
        row = np.int64(len(keys) * (wanted[number] * _SHARE))
        guess[number] = row if row < last else last
    for _ in range(_NEARER if last >= 0 else 0):
        for number in range(len(wanted)):
            off = np.int64(wanted[number] - keys[guess[number]])
            near = guess[number] + np.int64(len(keys) * (off * _SHARE))
            near = near if near < last else last
            guess[number] = near if near > 0 else 0
    return guess


@compiled()
def _first_from(key: np.uint64, keys: Uint64Array, guess: int) -> int:
    """Where a key or the next higher one stands among ascending ones; from the guess in longer and
    longer strides."""
    low = high = guess if guess > 0 else 0
    stride = 4
    while low > 0 and keys[low - 1] >= key:
        high = low - 1
        low = low - stride if low > stride else 0
        stride *= 4
    while high < len(keys) and keys[high] < key:
        low = high + 1
        high = high + stride if high + stride < len(keys) else len(keys)
        stride *= 4
    while low < high:
        middle = (low + high) >> 1
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low


@compiled()
def _places_of(wanted: Uint64Array, keys: Uint64Array) -> Int64Array:
    """Where each wanted key or the next higher one stands among the ascending `keys`."""
    places = _guessed(wanted, keys)
    for number in range(len(wanted)):
        places[number] = _first_from(wanted[number], keys, places[number])
    return places


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
                for token in range(first, last + 1):
                    taken[token] = 1


@compiled()
def _parts_of(data: Uint8Array, tokens: Int64Array) -> tuple[Int64Array, Uint64Array]:
    """(n, 4): first and last token, start and end in `data` of each part that may be a name; and
    their keys."""
    length = tokens.shape[1]
    most = length * LONGEST
    parts, wanted = empty((most, 4), np.int64), empty(most, np.uint64)
    count = start = 0
    for first in range(length):
        key, end, fits = np.uint64(FNV_START), start, False
        for last in range(first, first + LONGEST if first + LONGEST < length else length):
            before, end = end, end + (first < last) + tokens[0, last]
            key = _hashed(key, data, before, end)
            fits = fits or tokens[1, last] > 0
            if fits and (first < last or tokens[2, last]):
                parts[count, 0], parts[count, 1] = first, last
                parts[count, 2], parts[count, 3] = start, end
                wanted[count] = _mixed(key)
                count += 1
        start += tokens[0, first] + 1
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
    rows, meanings, known = _places_of(wanted, keys), 0, 0
    for part in range(len(parts)):
        start, end = parts[part, 2], parts[part, 3]
        row = _row(rows[part], wanted[part], data, start, end, keys, texts, offsets)
        if row >= 0:
            rows[known] = row
            parts[known, 0], parts[known, 1] = parts[part, 0], parts[part, 1]
            parts[known, 2], parts[known, 3] = 0, indptr[row + 1] - indptr[row]
            meanings += parts[known, 3]
            known += 1
    found, count = parts[:known], 0
    _tell_longest(found, tokens.shape[1])
    meant = empty(meanings, np.int32)
    for part in range(known):
        for place in range(indptr[rows[part]], indptr[rows[part] + 1]):
            meant[count] = entries[place]
            count += 1
    return found, meant


@compiled()
def _read_words(data: Uint8Array, words: int) -> tuple[Uint64Array, Int64Array]:
    """The key of each distinct word, and which of these each of so many is: see `words_in`."""
    wanted, row = empty(words, np.uint64), empty(words, np.int64)
    start = count = 0
    for number in range(words):
        end = start
        while end < len(data) and data[end] != _NEW_LINE:
            end += 1
        key = _mixed(_hashed(np.uint64(FNV_START), data, start, end))
        start = end + 1
        if not count or key != wanted[count - 1]:
            wanted[count] = key
            count += 1
        row[number] = count - 1
    return wanted[:count], row


@compiled()
def _without(df: Int64Array, first: Int64Array, items: Int32Array, gone: Int32Array) -> None:
    """Take those of the ascending `gone` from how many stand in the ascending postings of each
    word: its df items, from `first` on."""
    for word in range(len(df)):
        one, end = 0, first[word] + df[word]
        for row in range(first[word], end):
            while one < len(gone) and gone[one] < items[row]:
                one += 1
            df[word] -= one < len(gone) and gone[one] == items[row]


@compiled()
def _shares_of(asked: Uint8Array, worth: Float64Array) -> Float32Array:
    """(v, w): each word's share of what all words of a view are worth; 0 throughout if that is
    nothing. asked (v, w): whether a view has a word."""
    share = zeros(asked.shape, np.float32)
    for view in range(len(asked)):
        total = 0.0
        for word in range(len(worth)):
            total += worth[word] if asked[view, word] else 0.0
        for word in range(len(worth)):
            if asked[view, word] and total > 0:
                share[view, word] = worth[word] / total
    return share


@compiled(
    "Tuple((float32[:, ::1], int64[::1], int64[::1]))"
    f"({_BYTES}, {LONGS}, {LONG_ROWS}, {KEYS}, {LONGS}, {INTS}, {INTS}, int64)"
)
def words_in(
    data: Uint8Array,
    places: Int64Array,
    clauses: Int64Array,
    keys: Uint64Array,
    indptr: Int64Array,
    items: Int32Array,
    gone: Int32Array,
    passages: int,
) -> tuple[Float32Array, Int64Array, Int64Array]:
    """(v, w): each distinct word's share of what all words of the question are worth, and of each
    of its clauses; and (first, end) of its postings in `items`, which are none (0 and 0) of a word
    that no passage has, and end == first for one that is worth nothing.

    data: the words, a line each, equal ones together; places (n,): where in the question each
    stands; clauses (c, 2): where each begins and ends there. Postings are those of the row of a
    word's key among the ascending `keys`; the passages `gone` do not count, nor among so many.
    """
    wanted, number_of = _read_words(data, len(places))
    count = len(wanted)
    asked = zeros((1 + len(clauses), count), np.uint8)
    for number in range(len(places)):
        asked[0, number_of[number]] = 1
        for clause in range(len(clauses)):
            if clauses[clause, 0] <= places[number] < clauses[clause, 1]:
                asked[1 + clause, number_of[number]] = 1
    rows, common = _places_of(wanted, keys), max(_COMMON * passages, _FEW)
    first, end = zeros(count, np.int64), zeros(count, np.int64)
    df, worth = empty(count, np.int64), zeros(count, np.float64)
    for word in range(count):
        row = rows[word]
        if row < len(keys) and keys[row] == wanted[word]:
            first[word], end[word] = indptr[row], indptr[row + 1]
        df[word] = end[word] - first[word]
    if len(gone):
        _without(df, first, items, gone)
    for word in range(count):
        if df[word] <= common:
            worth[word] = np.log(max(passages, 1) / max(df[word], 1))
        if not worth[word] > 0:
            end[word] = first[word]
    return _shares_of(asked, worth), first, end
