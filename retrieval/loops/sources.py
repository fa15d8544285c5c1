"""How a walk's sources are spread over the passages that were looked at: the reset vector."""

from typing import TypeAlias

import numpy as np

from kg.snapshot.tables import BoolArray, Float32Array, Float64Array, Int32Array, Int64Array
from retrieval.loops.arrays import empty, zeros
from retrieval.loops.best import best_rows
from retrieval.loops.compiled import compiled

Spread: TypeAlias = tuple[Float64Array, Int64Array, Int32Array, Float32Array]
"""The weight of each source, which sum to 1; source i has the rows indptr[i]:indptr[i + 1] of the
next two, the places or passages that it is spread over, best first, and what each of them has."""
SPREAD = "Tuple((float64[::1], int64[::1], int32[::1], float32[::1]))"


@compiled()
def _softmax(scores: Float32Array, rows: Int32Array, temperature: float) -> Float32Array:
    """Of the scores of these rows, best first; sums to 1."""
    mass, total = empty(len(rows), np.float32), 0.0
    for place in range(len(rows)):
        mass[place] = np.exp((scores[rows[place]] - scores[rows[0]]) / temperature)
        total += mass[place]
    for place in range(len(rows)):
        mass[place] /= total
    return mass


@compiled()
def _weights(
    bonuses: Float32Array, clauses: int, clause: float, links: Float64Array
) -> Float64Array:
    """(1 + clauses + links,): 1 for the question, `clause` for each clause, and for each link what
    `links` says, if it gives anything to any passage; scaled to sum to 1."""
    weights = zeros(1 + clauses + len(links), np.float64)
    weights[0] = total = 1.0
    for number in range(clauses):
        weights[1 + number] = clause
        total += clause
    for link in range(len(links)):
        most = np.float32(0.0)
        for place in range(bonuses.shape[1]):
            most = max(most, bonuses[link, place])
        if most > 0:
            weights[1 + clauses + link] = links[link]
            total += links[link]
    for source in range(len(weights)):
        weights[source] /= total
    return weights


@compiled()
def spread_of(
    score: Float32Array,
    views: Float32Array,
    bonuses: Float32Array,
    inside: BoolArray,
    clause: float,
    links: Float64Array,
    count: int,
    temperature: float,
) -> tuple[Spread, Float32Array]:
    """The spread of the question, of its clauses and of its links, in that order: over the `count`
    best passages of each, by a softmax; and (m,) the sum of all.

    The question goes by `score`; a clause by its view and the bonuses of the links `inside`
    (clauses, links); a link by `score`, of the passages that it gives a bonus to. `clause` and
    `links` are what they weigh, next to 1 for the question.
    """
    clauses = len(inside)
    weights = _weights(bonuses, clauses, clause, links)
    indptr = zeros(len(weights) + 1, np.int64)
    found = empty(len(weights) * count, np.int32)
    mass = empty(len(weights) * count, np.float32)
    everything = zeros(len(score), np.float32)
    some = empty(len(score), np.float32)
    for source in range(len(weights)):
        view, link = source if source <= clauses else 0, source - 1 - clauses
        for row in range(len(score)):
            some[row] = score[row]
            if link >= 0 and bonuses[link, row] <= 0:
                some[row] = -np.inf
            if view > 0:
                given = np.float32(0.0)
                for one in range(len(bonuses)):
                    if inside[view - 1, one]:
                        given += bonuses[one, row]
                some[row] = views[view, row] + given
        rows = best_rows(some, count)
        kept, start = len(rows), indptr[source]
        while kept and some[rows[kept - 1]] == -np.inf:
            kept -= 1
        shares = _softmax(some, rows[:kept], temperature)
        for place in range(kept):
            amount = shares[place] * np.float32(weights[source])
            found[start + place], mass[start + place] = rows[place], amount
            everything[rows[place]] += amount
        indptr[source + 1] = start + kept
    return (weights, indptr, found[: indptr[-1]], mass[: indptr[-1]]), everything
