"""The best of many scores."""

import numpy as np

from kg.snapshot.tables import Float32Array, Int32Array
from retrieval.loops.arrays import empty, zeros
from retrieval.loops.compiled import compiled

_BUCKETS = 1024
"""Of scores of similar size."""


@compiled()
def best_rows(scores: Float32Array, count: int) -> Int32Array:
    """The rows of the `count` best scores, best first; of equal ones the lower row first."""
    rows = empty(min(count, len(scores)), np.int32)
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
def best_alone(scores: Float32Array, count: int) -> Float32Array:
    """The `count` best scores in their places, all others 0; sums to 1, or is 0 throughout."""
    rows, total = best_rows(scores, count), 0.0
    alone = zeros(len(scores), np.float32)
    for row in rows:
        total += scores[row]
    for row in rows:
        alone[row] = scores[row] / total if total > 0 else 0.0
    return alone


@compiled()
def _worst_of_best(numbers: Float32Array, count: int) -> float:
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


@compiled()
def _nth_best(scores: Float32Array, row: int, count: int) -> float:
    """The `count`-th best score of a row: scores are counted in buckets of equal width, and only
    those in its own bucket put in order."""
    width = scores.shape[1]
    low = high = scores[row, 0]
    for column in range(width):
        low, high = min(low, scores[row, column]), max(high, scores[row, column])
    finite = high - low < np.float32(np.inf)
    scale = np.float32(_BUCKETS - 1) / (high - low) if finite and high > low else np.float32(0.0)
    bucket, inside = zeros(width, np.int16), empty(width, np.float32)
    counts = zeros(_BUCKETS, np.int32)
    for column in range(width if scale > 0 else 0):
        bucket[column] = np.int16((scores[row, column] - low) * scale)
        counts[bucket[column]] += 1
    wanted, above = _BUCKETS - 1 if scale > 0 else 0, 0
    while wanted and above + counts[wanted] < count:
        above += counts[wanted]
        wanted -= 1
    found = 0
    for column in range(width):
        inside[found] = scores[row, column]
        found += bucket[column] == wanted
    return _worst_of_best(inside[:found], count - above)


@compiled()
def best_of_each(scores: Float32Array, count: int) -> Int32Array:
    """The columns that have one of the `count` best scores of any row, ascending; of equal scores
    the lower column is taken first."""
    width = scores.shape[1]
    count = min(count, width)
    taken, found = zeros(width, np.uint8), empty(width, np.int32)
    for row in range(len(scores) if count > 0 else 0):
        least, equal = np.float32(_nth_best(scores, row, count)), count
        for column in range(width):
            better = scores[row, column] > least
            taken[column] |= better
            equal -= better
        for column in range(width):
            if not equal:
                break
            if scores[row, column] == least:
                taken[column] = 1
                equal -= 1
    kept = 0
    for column in range(width):
        found[kept] = column
        kept += taken[column]
    return found[:kept]
