"""The walk's inner loops: what would take NumPy many passes, copies, or arrays of the whole corpus.

They are compiled (`compiled`) for arrays that may lie in a snapshot's mapped files. A *table* finds
the place of a number in an array of distinct ones, by hashing: the walk touches thousands of a
corpus's passages and names, and keeps nothing that is as long as the corpus.

What is compiled here calls nothing that is compiled in another file, for it is compiled anew only
if its own file changes.
"""

from collections.abc import Sequence

import numpy as np

from kg.snapshot.tables import Bools, Floats, Ints, Longs
from retrieval.compiled import BOOLS, FLOAT_ROWS, FLOATS, INTS, LONGS, compiled

_SPREAD = 0x9E3779B1
"""Spreads neighbouring numbers over a table (2^32 over the golden ratio)."""


@compiled(f"int32[::1]({INTS})")
def table_of(keys: Ints) -> Ints:
    """A table of distinct keys that are not negative."""
    size = 8
    while size < 2 * len(keys):
        size *= 2
    table = np.full(size, -1, dtype=np.int32)
    for row in range(len(keys)):
        slot = (np.int64(keys[row]) * _SPREAD) & (size - 1)
        while table[slot] >= 0:
            slot = (slot + 1) & (size - 1)
        table[slot] = row
    return table


@compiled(f"int32[::1]({INTS}, {INTS}, {INTS})")
def places_of(table: Ints, keys: Ints, wanted: Ints) -> Ints:
    """Where each of `wanted` stands among the keys of a table; -1 where it does not."""
    places = np.empty(len(wanted), dtype=np.int32)
    last = len(table) - 1
    for number in range(len(wanted)):
        slot = (np.int64(wanted[number]) * _SPREAD) & last
        while table[slot] >= 0 and keys[table[slot]] != wanted[number]:
            slot = (slot + 1) & last
        places[number] = table[slot]
    return places


@compiled(f"int32[::1]({INTS}, {INTS}, {INTS})")
def unseen(table: Ints, keys: Ints, wanted: Ints) -> Ints:
    """Those of `wanted` that are not among the keys of a table, each once, where it comes first."""
    places = places_of(table, keys, wanted)
    found = np.empty(len(wanted), dtype=np.int32)
    size = 8
    while size < 2 * len(wanted):
        size *= 2
    taken = np.full(size, -1, dtype=np.int32)
    count = 0
    for number in range(len(wanted)):
        if places[number] < 0:
            slot = (np.int64(wanted[number]) * _SPREAD) & (size - 1)
            while taken[slot] >= 0 and taken[slot] != wanted[number]:
                slot = (slot + 1) & (size - 1)
            if taken[slot] < 0:
                taken[slot] = found[count] = wanted[number]
                count += 1
    return found[:count].copy()


@compiled(f"int32[::1]({INTS})")
def _each_once(ascending: Ints) -> Ints:
    found = np.empty(len(ascending), dtype=np.int32)
    count = 0
    for row in range(len(ascending)):
        if not row or ascending[row] != ascending[row - 1]:
            found[count] = ascending[row]
            count += 1
    return found[:count].copy()


def distinct(numbers: Sequence[Ints]) -> Ints:
    """What is in any of these arrays, each number once, ascending.

    As np.unique of all of them, in a fifth of the time for some hundreds.
    """
    none = np.zeros(0, dtype=np.int32)
    return _each_once(np.sort(np.concatenate([none, *numbers], dtype=np.int32)))


@compiled()
def _found_from(low: int, end: int, items: Ints, wanted: int) -> int:
    """Where `wanted` or the next higher stands among the ascending items[low:end]; looked for in
    longer and longer strides, so that what is near is found soon."""
    stride, high = 1, low
    while high < end and items[high] < wanted:
        low = high + 1
        high += stride
        stride *= 2
    high = min(high, end)
    while low < high:
        middle = (low + high) // 2
        if items[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low


@compiled(f"float32[:, ::1]({INTS}, {FLOAT_ROWS}, {LONGS}, {LONGS}, {INTS})")
def shared_words(passages: Ints, share: Floats, first: Longs, end: Longs, items: Ints) -> Floats:
    """(v, n): the sum of share[:, w] over the words w of each passage, which the word has if it is
    among the ascending items[first[w]:end[w]]; for ascending passages."""
    found = np.zeros((len(share), len(passages)), dtype=np.float32)
    for word in range(len(first)):
        low = first[word]
        for number in range(len(passages)):
            low = _found_from(low, end[word], items, passages[number])
            if low >= end[word]:
                break
            if items[low] == passages[number]:
                for view in range(len(share)):
                    found[view, number] += share[view, word]
    return found


@compiled(
    f"float32[:, ::1]({INTS}, int64, {INTS}, {LONGS}, {LONGS}, {FLOATS}, {FLOATS}, {INTS}, {BOOLS})"
)
def bonuses_of(
    passages: Ints,
    links: int,
    link: Ints,
    first: Longs,
    end: Longs,
    own: Floats,
    other: Floats,
    named_in: Ints,
    is_title: Bools,
) -> Floats:
    """(links, n): what each link gives to ascending passages: the best of what its meanings give.

    A meaning is named in the ascending named_in[first:end]; it gives `own` to those that it is the
    title of, and `other` to the others.
    """
    best = np.zeros((links, len(passages)), dtype=np.float32)
    for meaning in range(len(link)):
        low = first[meaning]
        for number in range(len(passages)):
            low = _found_from(low, end[meaning], named_in, passages[number])
            if low >= end[meaning]:
                break
            if named_in[low] == passages[number]:
                given = own[meaning] if is_title[low] else other[meaning]
                best[link[meaning], number] = max(best[link[meaning], number], given)
    return best


@compiled(f"int32[::1]({FLOATS}, int64)")
def best_rows(scores: Floats, count: int) -> Ints:
    """The rows of the `count` best scores, best first; of equal ones the lower row first."""
    rows = np.empty(min(count, len(scores)), dtype=np.int32)
    kept = 0
    for row in range(len(scores)):
        if kept < len(rows):
            kept += 1
        elif not kept or scores[row] <= scores[rows[kept - 1]]:
            continue
        place = kept - 1
        while place and scores[rows[place - 1]] < scores[row]:
            rows[place] = rows[place - 1]
            place -= 1
        rows[place] = row
    return rows


@compiled()
def _worst_of_best(numbers: Floats, count: int) -> float:
    """The `count`-th largest number; moves them about, as quicksort does."""
    low, high = 0, len(numbers) - 1
    while low < high:
        pivot = numbers[(low + high) // 2]
        left, right = low, high
        while left <= right:
            while numbers[left] > pivot:
                left += 1
            while numbers[right] < pivot:
                right -= 1
            if left <= right:
                numbers[left], numbers[right] = numbers[right], numbers[left]
                left += 1
                right -= 1
        if count - 1 > right and count - 1 < left:
            break
        low, high = (low, right) if count - 1 <= right else (left, high)
    return float(numbers[count - 1])


@compiled(f"int32[::1]({FLOAT_ROWS}, int64)")
def best_of_each(scores: Floats, count: int) -> Ints:
    """The columns that have one of the `count` best scores of any row, ascending; of equal scores
    the lower column is taken first."""
    width = scores.shape[1]
    count = min(count, width)
    taken, moved = np.zeros(width, dtype=np.uint8), np.empty(width, dtype=np.float32)
    for row in range(len(scores) if count > 0 else 0):
        for column in range(width):
            moved[column] = scores[row, column]
        least, equal = _worst_of_best(moved, count), count
        for column in range(width):
            equal -= scores[row, column] > least
        for column in range(width):
            if scores[row, column] == least and equal > 0:
                taken[column] = 1
                equal -= 1
            elif scores[row, column] > least:
                taken[column] = 1
    found, kept = np.empty(width, dtype=np.int32), 0
    for column in range(width):
        if taken[column]:
            found[kept] = column
            kept += 1
    return found[:kept].copy()


@compiled(f"Tuple((int32[::1], float32[::1]))({FLOATS}, {FLOATS}, int64, float64)")
def softmax_of_best(
    scores: Floats, among: Floats, count: int, temperature: float
) -> tuple[Ints, Floats]:
    """The rows of the `count` best scores, and their softmax, which sums to 1; with `among` (as
    long as `scores`, or empty) only of those rows where it is above 0."""
    some = np.empty(len(scores), dtype=np.float32)
    for row in range(len(scores)):
        some[row] = -np.inf if len(among) and among[row] <= 0 else scores[row]
    rows = best_rows(some, count)
    kept, total = len(rows), 0.0
    while kept and some[rows[kept - 1]] == -np.inf:
        kept -= 1
    mass = np.empty(kept, dtype=np.float32)
    for place in range(kept):
        amount = np.exp((scores[rows[place]] - scores[rows[0]]) / temperature)
        mass[place] = amount
        total += amount
    for place in range(kept):
        mass[place] /= total
    return rows[:kept].copy(), mass


@compiled(f"int32[::1]({FLOATS}, float64)")
def rows_of_most(amounts: Floats, share: float) -> Ints:
    """The rows of the largest amounts that together make up this share of all, ascending.

    Of equal amounts the lower row is taken first; amounts of 0 are never taken.
    """
    count, total = 0, 0.0
    for row in range(len(amounts)):
        count += amounts[row] > 0
        total += amounts[row]
    rows, reached = best_rows(amounts, count), 0.0
    taken = np.zeros(len(amounts), dtype=np.uint8)
    for place in range(count):
        if reached < share * total:
            reached += amounts[rows[place]]
            taken[rows[place]] = 1
    found = np.empty(count, dtype=np.int32)
    count = 0
    for row in range(len(amounts)):
        if taken[row]:
            found[count] = row
            count += 1
    return found[:count].copy()


@compiled(f"int32[::1]({INTS}, {LONGS}, {INTS}, {INTS}, {INTS}, {INTS})")
def facts_about(
    passages: Ints, indptr: Longs, facts: Ints, subject: Ints, object_: Ints, entities: Ints
) -> Ints:
    """The facts that these passages state with one of these entities as subject or object; one that
    several state comes several times."""
    most = 0
    for passage in passages:
        most += indptr[passage + 1] - indptr[passage]
    found = np.empty(most, dtype=np.int32)
    count = 0
    for passage in passages:
        for row in range(indptr[passage], indptr[passage + 1]):
            fact = facts[row]
            about = False
            for entity in entities:
                about = about or subject[fact] == entity or object_[fact] == entity
            if about:
                found[count] = fact
                count += 1
    return found[:count].copy()
