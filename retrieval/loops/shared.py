"""What passages have in common with a question: its words, and its names."""

from typing import TypeAlias

import numpy as np

from kg.snapshot.tables import BoolArray, Float32Array, Int32Array, Int64Array
from retrieval.loops.arrays import empty, zeros
from retrieval.loops.compiled import (
    BOOLS,
    FLOAT_ROWS,
    INTS,
    LONG_ROWS,
    LONGS,
    compiled,
)
from retrieval.loops.sets import first_from

Words: TypeAlias = tuple[Float32Array, Int64Array, Int64Array, Int32Array]
"""The last arguments of `shared_words`."""
WORDS = f"Tuple(({FLOAT_ROWS}, {LONGS}, {LONGS}, {INTS}))"

Linked: TypeAlias = tuple[Int64Array, Float32Array, Int32Array, BoolArray]
"""The meanings of a question's links, (n, 3): which link it is one of, and the pairs first:end that
it has; (n, 2): what it gives to passages that it is the title of, and to others; and the passages
and titles of all pairs."""
LINKED = f"Tuple(({LONG_ROWS}, {FLOAT_ROWS}, {INTS}, {BOOLS}))"


@compiled()
def of_the_rarest(first: Int64Array, end: Int64Array, items: Int32Array, most: int) -> Int32Array:
    """What is in the ascending postings of the rarest words, of at most so many items together;
    ascending, each once."""
    taken, total = zeros(len(first), np.uint8), 0
    for _ in range(len(first)):
        rarest = -1
        for word in range(len(first)):
            df = end[word] - first[word]
            if not taken[word] and df and (rarest < 0 or df < end[rarest] - first[rarest]):
                rarest = word
        if rarest < 0 or total + end[rarest] - first[rarest] > most:
            break
        taken[rarest] = 1
        total += end[rarest] - first[rarest]
    found, merged, count = empty(total, np.int32), empty(total, np.int32), 0
    for word in range(len(first)):
        row, left, both = first[word], 0, 0
        while taken[word] and (left < count or row < end[word]):
            if row == end[word] or (left < count and found[left] < items[row]):
                merged[both] = found[left]
                left += 1
            else:
                left += left < count and found[left] == items[row]
                merged[both] = items[row]
                row += 1
            both += 1
        if taken[word]:
            found, merged, count = merged, found, both
    return found[:count]


@compiled()
def _found_from(low: int, end: int, items: Int32Array, wanted: int) -> int:
    """Where `wanted` or the next higher stands among the ascending items[low:end]; looked for in
    longer and longer strides, so that what is near is found soon."""
    stride, high = 1, low
    while high < end and items[high] < wanted:
        low = high + 1
        high += stride
        stride *= 2
    return first_from(items, low, min(high, end), wanted)


@compiled()
def shared_words(
    passages: Int32Array, share: Float32Array, first: Int64Array, end: Int64Array, items: Int32Array
) -> Float32Array:
    """(v, n): the sum of share[:, w] over the words w of each passage, which the word has if it is
    among the ascending items[first[w]:end[w]]; for ascending passages."""
    found = zeros((len(share), len(passages)), np.float32)
    for word in range(len(first)):
        low, number = first[word], 0
        while low < end[word] and number < len(passages):
            if items[low] < passages[number]:
                low = _found_from(low, end[word], items, passages[number])
            elif items[low] > passages[number]:
                number = _found_from(number, len(passages), passages, items[low])
            else:
                for view in range(len(share)):
                    found[view, number] += share[view, word]
                low, number = low + 1, number + 1
    return found


@compiled()
def _put_bonuses(best: Float32Array, passages: Int32Array, linked: Linked, before: int) -> None:
    """Raise `best` (links, before + n), behind those before, to what each link gives to ascending
    passages: the best of what its meanings give."""
    meanings, gives, named_in, is_title = linked
    for meaning in range(len(meanings)):
        low, end, number = meanings[meaning, 1], meanings[meaning, 2], 0
        while low < end and number < len(passages):
            if named_in[low] < passages[number]:
                low = _found_from(low, end, named_in, passages[number])
            elif named_in[low] > passages[number]:
                number = _found_from(number, len(passages), passages, named_in[low])
            else:
                given = gives[meaning, 0] if is_title[low] else gives[meaning, 1]
                row, place = meanings[meaning, 0], before + number
                best[row, place] = max(best[row, place], given)
                low, number = low + 1, number + 1


@compiled()
def add_words(
    passages: Int32Array, views: Float32Array, weight: float, words: Words, before: int
) -> None:
    """Add `weight` times what `shared_words` says of n ascending passages to the last n columns of
    the views (v, before + n)."""
    shared, worth = shared_words(passages, *words), np.float32(weight)
    for view in range(len(shared)):
        for number in range(len(passages)):
            views[view, before + number] += worth * shared[view, number]


@compiled()
def base_scores(
    passages: Int32Array,
    views: Float32Array,
    linked: Linked,
    bonuses_before: Float32Array,
    score_before: Float32Array,
) -> tuple[Float32Array, Float32Array]:
    """The bonuses (links, m) and scores (m,) found before, and behind them those of n ascending
    passages: (links, m + n) and (m + n,). A score is the best of the views (v, m + n) and all
    bonuses."""
    before, count = len(score_before), len(passages)
    bonuses = zeros((len(bonuses_before), before + count), np.float32)
    for row in range(len(bonuses)):
        for number in range(before):
            bonuses[row, number] = bonuses_before[row, number]
    _put_bonuses(bonuses, passages, linked, before)
    score = empty(before + count, np.float32)
    for number in range(before):
        score[number] = score_before[number]
    for number in range(before, before + count):
        best, given = views[0, number], np.float32(0.0)
        for view in range(1, len(views)):
            best = max(best, views[view, number])
        for row in range(len(bonuses)):
            given += bonuses[row, number]
        score[number] = best + given
    return bonuses, score
