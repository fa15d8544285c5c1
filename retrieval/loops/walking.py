"""A whole walk in one call: from a question's vectors, words and names to the scores of all that it
came to. Nothing then costs time between its parts, and meanwhile other threads run."""

from typing import TypeAlias

import numpy as np

from kg.snapshot.tables import BoolArray, Float32Array, Float64Array, Int32Array
from retrieval.loops.arrays import empty, zeros
from retrieval.loops.candidates import COUNTS, Counts, candidates_of
from retrieval.loops.compiled import BOOL_ROWS, DOUBLES, FLOAT_ROWS, INTS, compiled
from retrieval.loops.looking import look_at
from retrieval.loops.products import VECTORS, Vectors, made_of, whole_of
from retrieval.loops.sets import table_of
from retrieval.loops.shared import LINKED, WORDS, Linked, Words
from retrieval.loops.sources import SPREAD, Spread, spread_of
from retrieval.loops.stepping import (
    GRAPH,
    STEPPED,
    TAKING,
    Graph,
    Stepped,
    Taking,
    steps_from,
)

Asked: TypeAlias = tuple[Float32Array, float, Words, Linked, Float64Array, BoolArray, Int32Array]
"""What a question asks: its views, and the aim (v + 1, d); what all its words are worth, and the
words; its links, what each weighs as a source, and which lie inside each clause (clauses, links);
and the entries that it names."""
ASKED = f"Tuple(({FLOAT_ROWS}, float64, {WORDS}, {LINKED}, {DOUBLES}, {BOOL_ROWS}, {INTS}))"

Numbers: TypeAlias = tuple[Counts, int, float, float, Taking]
"""How many candidates there are; over how many passages a source is spread, what a clause weighs,
and the temperature; and how steps are taken."""
NUMBERS = f"Tuple(({COUNTS}, int64, float64, float64, {TAKING}))"

_INTS, _FLOATS = "int32[::1]", "float32[::1]"


@compiled(
    f"Tuple(({SPREAD}, {STEPPED}, {STEPPED}, float64, float64, {_FLOATS}, {_FLOATS}, {_INTS}))"
    f"({ASKED}, {_INTS}, {INTS}, {VECTORS}, {GRAPH}, {NUMBERS})"
)
def walk(
    asked: Asked,
    near: Int32Array,
    gone: Int32Array,
    vectors: Vectors,
    graph: Graph,
    numbers: Numbers,
) -> tuple[Spread, Stepped, Stepped, float, float, Float32Array, Float32Array, Int32Array]:
    """The spread of the sources; both steps, of which the second says nothing if its weight is 0,
    and their weights; the scores of the passages that were looked at, their base scores, and
    themselves.

    `near` are ascending passages that are near any view, without those that are `gone`.
    """
    questions, worth, words, linked, links, inside, excluded = asked
    counts, pool, clause, temperature, taking = numbers
    rows, scale, _, _, _ = vectors
    whole, unit = whole_of(questions)
    views = len(questions) - 1
    own = made_of(near, rows, scale, whole, unit, views)
    found = candidates_of(near, own, whole, unit, vectors, words, linked, len(links), gone, counts)
    none, nowhere = zeros(0, np.float32), empty(0, np.int32)
    nothing = (
        table_of(nowhere),
        nowhere,
        empty((views, 0), np.float32),
        empty(0, np.int64),
        none,
        empty((len(links), 0), np.float32),
        none,
    )
    sight = vectors, (whole, unit, near, own), worth, words, linked
    _, seen = look_at(found, sight, nothing)
    _, passages, similar, _, _, bonuses, score = seen
    (weight, indptr, places, mass), reset = spread_of(
        score, similar, bonuses, inside, clause, links, pool, temperature
    )
    for row in range(len(places)):
        places[row] = passages[places[row]]
    first, second, once, again, scores, seen = steps_from(
        reset, excluded, graph, taking, sight, seen
    )
    _, passages, _, _, _, _, score = seen
    spread = weight, indptr, places, mass
    return spread, first, second, once, again, scores, score, passages
