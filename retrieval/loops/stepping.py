"""The steps of a walk: `retrieval.walk.step` says what they are."""

from typing import TypeAlias

from kg.snapshot.tables import BoolArray, Float32Array, Float64Array, Int32Array, Int64Array
from retrieval.loops.best import best_alone
from retrieval.loops.bridges import bridges_from
from retrieval.loops.compiled import BOOLS, INTS, LONG_ROWS, LONGS, compiled
from retrieval.loops.looking import Seen, Sight, look_at
from retrieval.loops.moving import WEIGHTS, Weights, mixed, moves_of
from retrieval.loops.postings import posting_rows

Rows: TypeAlias = tuple[Int64Array, Int32Array]
"""A table of rows of different lengths: `Ragged.arrays`."""
_ROWS = f"Tuple(({LONGS}, {INTS}))"

Graph: TypeAlias = tuple[
    Int64Array, Int32Array, Int32Array, BoolArray, BoolArray, Rows, Rows, Int32Array, Int64Array
]
"""The pairs of a snapshot: `indptr`, `entry`, `passage`, `is_title`, `weak`, `by_passage` and
`sentences`; and the hubs among their entries, with the pairs that are kept of each."""
GRAPH = f"Tuple(({LONGS}, {INTS}, {INTS}, {BOOLS}, {BOOLS}, {_ROWS}, {_ROWS}, {INTS}, {LONG_ROWS}))"

Taking: TypeAlias = tuple[tuple[int, int, int, int], tuple[float, float, float], float, Weights]
"""How many passages there are, how many may name a bridge, how many pairs are kept of a hub, and
how many passages the second step starts from; how much the first step has to move, and the weights
of the two; the share of the mass that a step starts from; and what else `moves_of` goes by."""
TAKING = f"Tuple((UniTuple(int64, 4), UniTuple(float64, 3), float64, {WEIGHTS}))"

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
STEPPED = (
    "Tuple((float32[::1], int32[::1], float32[::1], int32[::1], int32[::1], float64[::1], "
    "int64[::1], int32[::1], float64[::1]))"
)


@compiled()
def _step(
    amounts: Float32Array,
    excluded: Int32Array,
    graph: Graph,
    taking: Taking,
    sight: Sight,
    seen: Seen,
) -> tuple[Float32Array, Stepped, Seen]:
    """Take a step from these amounts of what was seen: what arrives at what is seen then, the
    step, and what is seen."""
    postings, entry, passage, is_title, weak, of_passage, naming, hubs, kept = graph
    (total, common, limit, _), _, walked, weights = taking
    (_, _, sentences_of, _, _), _, _, _, _ = sight
    _, passages, _, _, _, _, _ = seen
    pairs = *of_passage, entry, weak, postings
    ways = bridges_from(amounts, walked, passages, *pairs, excluded, common, total)
    _, _, _, _, bridges, _ = ways
    texts = *naming, is_title, sentences_of
    indptr, rows, passages = posting_rows(bridges, postings, passage, texts, limit, hubs, kept)
    places, seen = look_at(passages, sight, seen)
    origin, which, rate, flow, arrivals, weight = moves_of(
        amounts, seen, ways, (indptr, rows, places), texts, weights
    )
    step = arrivals, bridges, flow, origin, which, rate, indptr, passages, weight
    return arrivals, step, seen


@compiled()
def steps_from(
    reset: Float32Array,
    excluded: Int32Array,
    graph: Graph,
    taking: Taking,
    sight: Sight,
    seen: Seen,
) -> tuple[Stepped, Stepped, float, float, Float32Array, Seen]:
    """The two steps from `reset`, of which the second says nothing if its weight is 0; their
    weights; the score after them; and what was seen then."""
    (_, _, _, second_from), (moving, once, again), _, _ = taking
    by = excluded, graph, taking, sight
    arrivals, first, seen = _step(reset, *by, seen)
    moved = 0.0
    for arrived in arrivals:
        moved += arrived
    full = moved / moving if moved < moving else 1.0
    once, again = once * full, again * full
    score, second = mixed(reset, arrivals, once), first
    if again > 0:
        arrivals, second, seen = _step(best_alone(score, second_from), *by, seen)
        score = mixed(score, arrivals, again)
    return first, second, (1 - again) * once, again, score, seen
