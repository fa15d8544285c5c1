"""The steps of a walk in one go: `retrieval.walk.steps` says what they are."""

from typing import TypeAlias

from kg.snapshot.tables import BoolArray, Float32Array, Float64Array, Int32Array, Int64Array
from retrieval.loops.best import best_alone
from retrieval.loops.bridges import bridges_from, posting_rows
from retrieval.loops.compiled import BOOLS, FLOATS, INTS, LONG_ROWS, LONGS, compiled
from retrieval.loops.looking import SEEN, SIGHT, Seen, Sight, look_at
from retrieval.loops.moving import mixed, moves_of

Rows: TypeAlias = tuple[Int64Array, Int32Array]
"""A table of rows of different lengths: `Ragged.arrays`."""
_ROWS = f"Tuple(({LONGS}, {INTS}))"

Graph: TypeAlias = tuple[
    Int64Array, Int32Array, Int32Array, BoolArray, BoolArray, Rows, Rows, Int32Array, Int64Array
]
"""The pairs of a snapshot: `indptr`, `entry`, `passage`, `is_title`, `weak`, `by_passage` and
`sentences`; and the hubs among their entries, with the pairs that are kept of each."""
_GRAPH = (
    f"Tuple(({LONGS}, {INTS}, {INTS}, {BOOLS}, {BOOLS}, {_ROWS}, {_ROWS}, {INTS}, {LONG_ROWS}))"
)

Sizes: TypeAlias = tuple[int, int, int, int]
"""How many passages there are, how many may name a bridge, how many pairs are kept of a hub, and
how many passages the second step starts from."""
_SIZES = "UniTuple(int64, 4)"

Shares: TypeAlias = tuple[float, float, float]
"""How much the first step has to move, and the weights of the two."""
_SHARES = "UniTuple(float64, 3)"

Weights: TypeAlias = tuple[float, float, float, float, float]
"""The last numbers that `moves_of` takes."""
_WEIGHTS = "UniTuple(float64, 5)"

Stepped: TypeAlias = tuple[
    Float32Array,
    Int32Array,
    Float32Array,
    Int32Array,
    Int32Array,
    Float64Array,
    Int64Array,
    Int32Array,
    Float64Array,
]
"""The fields of `retrieval.walk.step.Step` but for its share."""
_STEPPED = (
    "Tuple((float32[::1], int32[::1], float32[::1], int32[::1], int32[::1], float64[::1], "
    "int64[::1], int32[::1], float64[::1]))"
)


@compiled()
def _step(
    amounts: Float32Array,
    walked_share: float,
    excluded: Int32Array,
    graph: Graph,
    sizes: Sizes,
    weights: Weights,
    sight: Sight,
    seen: Seen,
) -> tuple[Stepped, Seen]:
    """Take a step from these amounts of what was seen; what was seen after it."""
    postings, entry, passage, is_title, weak, of_passage, naming, hubs, kept = graph
    total, common, limit, _ = sizes
    sentences_of = sight[0][2]
    ways = bridges_from(
        amounts,
        walked_share,
        seen[1],
        *of_passage,
        entry,
        weak,
        postings,
        excluded,
        common,
        total,
    )
    bridges = ways[4]
    texts = is_title, *naming, sentences_of
    indptr, rows, ends = posting_rows(bridges, postings, passage, *texts, limit, hubs, kept)
    places, seen = look_at(ends, sight, seen)
    _, passages, _, shift, relevance, _, score = seen
    sources, origin, which, faint, _, idf = ways
    origins, whiches, rate, flow, arrivals, weight = moves_of(
        amounts,
        passages,
        score,
        shift,
        relevance,
        sources,
        origin,
        which,
        faint,
        idf,
        indptr,
        rows,
        places,
        *naming,
        is_title,
        sentences_of,
        *weights,
    )
    return (arrivals, bridges, flow, origins, whiches, rate, indptr, ends, weight), seen


@compiled(
    f"Tuple(({_STEPPED}, {_STEPPED}, float64, float64, float32[::1], {SEEN}))"
    f"({FLOATS}, float64, {INTS}, {_GRAPH}, {_SIZES}, {_SHARES}, {_WEIGHTS}, {SIGHT}, {SEEN})"
)
def walked(
    reset: Float32Array,
    walked_share: float,
    excluded: Int32Array,
    graph: Graph,
    sizes: Sizes,
    shares: Shares,
    weights: Weights,
    sight: Sight,
    seen: Seen,
) -> tuple[Stepped, Stepped, float, float, Float32Array, Seen]:
    """The two steps from `reset`, of which the second says nothing if its weight is 0; their
    weights; the score after them; and what was seen then."""
    first, seen = _step(reset, walked_share, excluded, graph, sizes, weights, sight, seen)
    moved = 0.0
    for arrived in first[0]:
        moved += arrived
    moving, once, again = shares
    full = moved / moving if moved < moving else 1.0
    once, again = once * full, again * full
    score, second = mixed(reset, first[0], once), first
    if again > 0:
        best = best_alone(score, sizes[3])
        second, seen = _step(best, walked_share, excluded, graph, sizes, weights, sight, seen)
        score = mixed(score, second[0], again)
    return first, second, (1 - again) * once, again, score, seen
