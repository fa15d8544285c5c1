"""The moves of a step over its bridges, and what arrives."""

from typing import TypeAlias

import numpy as np

from kg.snapshot.tables import BoolArray, Float32Array, Float64Array, Int32Array, Int64Array
from retrieval.loops.arrays import empty, zeros
from retrieval.loops.bridges import Ways
from retrieval.loops.compiled import compiled
from retrieval.loops.looking import Seen
from retrieval.loops.postings import Texts

Ends: TypeAlias = tuple[Int64Array, Int64Array, Int32Array]
"""Bridge b leads to the ends indptr[b]:indptr[b + 1] of the next two: pairs, and the places of
their passages among what was seen."""

Weights: TypeAlias = tuple[float, float, float, float, float]
"""`WalkConstants`: bridge_title_bonus, temperature, mass_exponent, weak_bridge, staying."""
WEIGHTS = "UniTuple(float64, 5)"


@compiled()
def _weights(
    rows: Int64Array,
    place: Int32Array,
    score: Float32Array,
    shift: Int64Array,
    relevance: Float32Array,
    indptr: Int64Array,
    sentences: Int32Array,
    is_title: BoolArray,
    title_bonus: float,
    temperature: float,
) -> tuple[Float64Array, float]:
    """How well each pair's passage fits as the end of a move over its entry (`step`), in a common
    scale: the best is 1; and what that was before.

    `place`: of each passage in `score` and `shift`; the latter is what takes a sentence of that
    passage to its place in `relevance`. Pair r has the sentences
    sentences[indptr[r]:indptr[r + 1]]. The first ones of all are read before they are used: the
    processor need not wait for one then to read the next.
    """
    weight, top = empty(len(rows), np.float64), -np.inf
    first, own = empty(len(rows), np.int32), empty(len(rows), np.bool_)
    for number in range(len(rows)):
        row = rows[number]
        first[number] = sentences[min(indptr[row], len(sentences) - 1)] if len(sentences) else 0
        own[number] = is_title[row]
    for number in range(len(rows)):
        row, at = rows[number], place[number]
        most, begin, end = np.float32(-np.inf), indptr[row], indptr[row + 1]
        if begin < end:
            most = relevance[first[number] + shift[at]]
        for item in range(begin + 1, end):
            most = max(most, relevance[sentences[item] + shift[at]])
        bonus = title_bonus if own[number] else 0.0
        weight[number] = (0.5 * most + 0.5 * score[at] + bonus) / temperature
        top = max(top, weight[number])
    for number in range(len(rows)):
        weight[number] = np.exp(weight[number] - top)
    return weight, top


@compiled()
def _stays(
    places: int,
    sources: Int32Array,
    passages: Int32Array,
    score: Float32Array,
    shift: Int64Array,
    relevance: Float32Array,
    sentences_of: Int64Array,
    staying: float,
    exponent: float,
    temperature: float,
    top: float,
) -> Float64Array:
    """(places,): how strongly going nowhere is preferred at each of the sources' places: how well
    its passage fits with any sentence, in the scale of `_weights`; 0 at others.

    Passage p has the sentences sentences_of[p]:sentences_of[p + 1].
    """
    stays = zeros(places, np.float64)
    if staying <= 0 or top == -np.inf:  # 0 times infinity is no number
        return stays
    for at in sources:
        most = np.float32(-np.inf)
        for item in range(sentences_of[passages[at]], sentences_of[passages[at] + 1]):
            most = max(most, relevance[item + shift[at]])
        fit = np.exp((0.5 * most + 0.5 * score[at]) / temperature - top)
        stays[at] = staying * fit**exponent
    return stays


@compiled()
def mixed(before: Float32Array, arrivals: Float32Array, share: float) -> Float32Array:
    """(n,): (1 - share) of the score before a step, (m,), which is 0 for what the step came to
    first, and `share` of what arrived, (n,); n >= m."""
    score = empty(len(arrivals), np.float32)
    for place in range(len(arrivals)):
        score[place] = np.float32(share) * arrivals[place]
        if place < len(before):
            score[place] += np.float32(1.0 - share) * before[place]
    return score


@compiled()
def _arrivals(
    places: int,
    origin: Int32Array,
    which: Int32Array,
    rate: Float64Array,
    back: Float64Array,
    indptr: Int64Array,
    place: Int32Array,
    weight: Float64Array,
) -> Float32Array:
    """(places,): what arrives at each: from each move its rate times the weight, but not back."""
    arrivals, sent = zeros(places, np.float64), zeros(len(indptr) - 1, np.float64)
    for move in range(len(origin)):
        sent[which[move]] += rate[move]
        arrivals[origin[move]] -= back[move]
    for bridge in range(len(sent)):
        for row in range(indptr[bridge], indptr[bridge + 1]):
            arrivals[place[row]] += weight[row] * sent[bridge]
    found = empty(places, np.float32)
    for one in range(places):
        found[one] = max(arrivals[one], 0.0)
    return found


@compiled()
def moves_of(
    amounts: Float32Array, seen: Seen, ways: Ways, ends: Ends, texts: Texts, weights: Weights
) -> tuple[Int32Array, Int32Array, Float64Array, Float32Array, Float32Array, Float64Array]:
    """(passage, which, rate) of the moves from a passage to a bridge that leads elsewhere,
    (bridges,) how much goes over each bridge, (places,) what arrives at each place, and (ends,) the
    weight of each end.

    `rate` is what a move brings for each unit of weight. Going nowhere is preferred by how well a
    source itself fits, times `staying`.
    """
    _, passages, _, shift, relevance, _, score = seen
    sources, origin, which, weak, _, idf = ways
    indptr, rows, place = ends
    sentences_indptr, sentences, is_title, sentences_of = texts
    title_bonus, temperature, exponent, weak_share, staying = weights
    at, naming = (score, shift, relevance), (sentences_indptr, sentences, is_title)
    weight, top = _weights(rows, place, *at, *naming, title_bonus, temperature)
    weighing = exponent, temperature, top
    of_origin = _stays(len(amounts), sources, passages, *at, sentences_of, staying, *weighing)
    total = zeros(len(idf), np.float64)
    for bridge in range(len(idf)):
        for row in range(indptr[bridge], indptr[bridge + 1]):
            total[bridge] += weight[row]
    preference, rest = zeros(len(origin), np.float64), zeros(len(origin), np.float64)
    own, alive = zeros(len(origin), np.float64), 0
    for move in range(len(origin)):
        bridge, mine = which[move], 0.0
        for row in range(indptr[bridge], indptr[bridge + 1]):
            mine = weight[row] if place[row] == origin[move] else mine
        remaining = total[bridge] - mine
        if remaining > 1e-9 * total[bridge]:
            preference[move] = idf[bridge] * remaining**exponent
            preference[move] *= weak_share if weak[move] else 1.0
            rest[move], own[move] = remaining, mine
            of_origin[origin[move]] += preference[move]
            alive += 1
    origins, whiches = empty(alive, np.int32), empty(alive, np.int32)
    rate, back = empty(alive, np.float64), empty(alive, np.float64)
    flow = zeros(len(idf), np.float32)
    alive = 0
    for move in range(len(origin)):
        if rest[move] > 0:
            moved = amounts[origin[move]] * preference[move] / of_origin[origin[move]]
            flow[which[move]] += moved
            origins[alive], whiches[alive] = origin[move], which[move]
            rate[alive] = moved / rest[move]
            back[alive] = own[move] * rate[alive]
            alive += 1
    arrivals = _arrivals(len(passages), origins, whiches, rate, back, indptr, place, weight)
    for move in range(len(origins)):
        origins[move] = passages[origins[move]]
    return origins, whiches, rate, flow, arrivals, weight
