"""The walk's steps: from passages to bridges, to their postings, and what arrives there."""

import numpy as np

from kg.snapshot.tables import BoolArray, Float32Array, Float64Array, Int32Array, Int64Array
from retrieval.loops.arrays import empty, unset, zeros
from retrieval.loops.compiled import BOOLS, DOUBLES, FLOATS, INTS, LONG_ROWS, LONGS, compiled

_SPREAD = 0x9E3779B1
"""Spreads neighbouring numbers over a table (2^32 over the golden ratio)."""


@compiled(
    "Tuple((int32[::1], int32[::1], boolean[::1], int32[::1]))"
    f"({INTS}, {LONGS}, {INTS}, {INTS}, {BOOLS}, {LONGS}, {INTS}, int64)"
)
def bridges_from(
    passages: Int32Array,
    indptr: Int64Array,
    pairs: Int32Array,
    entry: Int32Array,
    weak: BoolArray,
    postings: Int64Array,
    excluded: Int32Array,
    common: int,
) -> tuple[Int32Array, Int32Array, BoolArray, Int32Array]:
    """(place among `passages`, row of the last, whether it is weak) for every entry of theirs that
    another passage has too, but not more than `common`, and that is not excluded, and these
    entries, each once, where it comes first."""
    most = 0
    for passage in passages:
        most += indptr[passage + 1] - indptr[passage]
    size = 8
    while size < 2 * most:
        size *= 2
    table = unset(size, np.int32)
    origins, which = empty(most, np.int32), empty(most, np.int32)
    faint, entries = empty(most, np.bool_), empty(most, np.int32)
    moves = count = 0
    for place in range(len(passages)):
        for row in range(indptr[passages[place]], indptr[passages[place] + 1]):
            one = entry[pairs[row]]
            usable = 2 <= postings[one + 1] - postings[one] <= common
            for other in excluded:
                usable = usable and other != one
            if usable:
                slot = (np.int64(one) * _SPREAD) & (size - 1)
                while table[slot] >= 0 and entries[table[slot]] != one:
                    slot = (slot + 1) & (size - 1)
                if table[slot] < 0:
                    table[slot] = count
                    entries[count] = one
                    count += 1
                origins[moves], which[moves] = place, table[slot]
                faint[moves] = weak[pairs[row]]
                moves += 1
    return (
        origins[:moves],
        which[:moves],
        faint[:moves],
        entries[:count],
    )


@compiled(
    "Tuple((int64[::1], int64[::1], int32[::1]))"
    f"({INTS}, {LONGS}, {INTS}, int64, {INTS}, {LONG_ROWS})"
)
def posting_rows(
    entries: Int32Array,
    indptr: Int64Array,
    passage: Int32Array,
    limit: int,
    hubs: Int32Array,
    kept: Int64Array,
) -> tuple[Int64Array, Int64Array, Int32Array]:
    """(indptr, pairs, their passages): the postings of each entry; of one with more than `limit`,
    which is among the ascending `hubs`, those in its row of `kept`."""
    ends = zeros(len(entries) + 1, np.int64)
    for number in range(len(entries)):
        df = indptr[entries[number] + 1] - indptr[entries[number]]
        ends[number + 1] = ends[number] + min(df, limit)
    rows = empty(ends[-1], np.int64)
    found = empty(ends[-1], np.int32)
    for number in range(len(entries)):
        first, end = indptr[entries[number]], indptr[entries[number] + 1]
        low, high = 0, len(hubs) if end - first > limit else 0
        while low < high:
            middle = (low + high) // 2
            if hubs[middle] < entries[number]:
                low = middle + 1
            else:
                high = middle
        for place in range(ends[number + 1] - ends[number]):
            row = kept[low, place] if end - first > limit else first + place
            rows[ends[number] + place] = row
            found[ends[number] + place] = passage[row]
    return ends, rows, found


@compiled(
    f"Tuple((float64[::1], float64[::1]))({LONGS}, {INTS}, {FLOATS}, {LONGS}, {FLOATS}, {LONGS}, "
    f"{INTS}, {BOOLS}, float64, float64, {INTS}, {INTS}, {LONGS})"
)
def weights_of(
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
    sources: Int32Array,
    passages: Int32Array,
    sentences_of: Int64Array,
) -> tuple[Float64Array, Float64Array]:
    """How well each pair's passage fits as the end of a move over its entry (`step`), in a common
    scale: the best is 1; and in the same scale, how well the `sources` fit with any sentence (0
    where there is no pair).

    `place`: of each passage in `score` and `shift`; the latter is what takes a sentence of that
    passage to its place in `relevance`. `sources` are such places, `passages` those at all places;
    passage p has the sentences sentences_of[p]:sentences_of[p + 1].
    """
    weight, own_weight = empty(len(rows), np.float64), zeros(len(sources), np.float64)
    top = -np.inf
    for number in range(len(rows)):
        row, at = rows[number], place[number]
        most = np.float32(-np.inf)
        for item in range(indptr[row], indptr[row + 1]):
            most = max(most, relevance[sentences[item] + shift[at]])
        own = title_bonus if is_title[row] else 0.0
        weight[number] = (0.5 * most + 0.5 * score[at] + own) / temperature
        top = max(top, weight[number])
    for number in range(len(rows)):
        weight[number] = np.exp(weight[number] - top)
    for number in range(len(sources) if len(rows) else 0):
        at, most = sources[number], np.float32(-np.inf)
        for item in range(sentences_of[passages[at]], sentences_of[passages[at] + 1]):
            most = max(most, relevance[item + shift[at]])
        own_weight[number] = np.exp((0.5 * most + 0.5 * score[at]) / temperature - top)
    return weight, own_weight


@compiled(f"float32[::1]({INTS}, {LONGS}, int64)")
def idf_of(entries: Int32Array, postings: Int64Array, passages: int) -> Float32Array:
    """ln(1 + n/df) / ln(1 + n) of entries, whose postings are postings[e]:postings[e + 1], in n
    passages: 1 for a name in one of them, towards 0 for one in all."""
    idf, most = empty(len(entries), np.float32), np.log1p(float(max(passages, 1)))
    for number in range(len(entries)):
        df = postings[entries[number] + 1] - postings[entries[number]]
        idf[number] = np.log1p(passages / max(df, 1)) / most
    return idf


@compiled(f"float32[::1]({FLOATS}, {FLOATS}, float64)")
def mixed(before: Float32Array, arrivals: Float32Array, share: float) -> Float32Array:
    """(1 - share) of a score before a step (m,), 0 of what the step came to first, and `share` of
    what arrived (n,): (n,), n >= m."""
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


_SHARES = (
    "Tuple((int32[::1], int32[::1], float64[::1], float32[::1], float32[::1]))"
    f"(int64, {FLOATS}, {INTS}, {INTS}, {BOOLS}, {FLOATS}, {LONGS}, {INTS}, {DOUBLES}, float64, "
    f"float64, {INTS}, {DOUBLES}, float64)"
)


@compiled(_SHARES)
def moves_of(
    places: int,
    reset: Float32Array,
    origin: Int32Array,
    which: Int32Array,
    weak: BoolArray,
    idf: Float32Array,
    indptr: Int64Array,
    place: Int32Array,
    weight: Float64Array,
    exponent: float,
    weak_share: float,
    sources: Int32Array,
    own_weight: Float64Array,
    staying: float,
) -> tuple[Int32Array, Int32Array, Float64Array, Float32Array, Float32Array]:
    """(origin, which, rate) of the moves from a place to a bridge that leads elsewhere, (bridges,)
    how much goes over each bridge, and (places,) what arrives at each place.

    `rate` is what a move brings for each unit of weight.
    Going nowhere is preferred by how well a source itself fits, times `staying`.
    """
    total = zeros(len(idf), np.float64)
    for bridge in range(len(idf)):
        for row in range(indptr[bridge], indptr[bridge + 1]):
            total[bridge] += weight[row]
    preference, rest = zeros(len(origin), np.float64), zeros(len(origin), np.float64)
    own, of_origin = zeros(len(origin), np.float64), zeros(len(reset), np.float64)
    for number in range(len(sources) if staying > 0 else 0):  # 0 times infinity is no number
        of_origin[sources[number]] = staying * own_weight[number] ** exponent
    alive = 0
    for move in range(len(origin)):
        bridge, mine = which[move], 0.0
        for row in range(indptr[bridge], indptr[bridge + 1]):
            if place[row] == origin[move]:
                mine = weight[row]
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
            moved = reset[origin[move]] * preference[move] / of_origin[origin[move]]
            flow[which[move]] += moved
            origins[alive], whiches[alive] = origin[move], which[move]
            rate[alive] = moved / rest[move]
            back[alive] = own[move] * rate[alive]
            alive += 1
    arrivals = _arrivals(places, origins, whiches, rate, back, indptr, place, weight)
    return origins, whiches, rate, flow, arrivals
