"""How well passages fit a question by themselves."""

import numpy as np

from kg.snapshot.quantised import Int8Array
from kg.snapshot.tables import Float32Array, Float64Array, Int32Array, Int64Array
from retrieval.loops.arrays import empty, zeros
from retrieval.loops.compiled import FLOATS, INTS, LONGS, OCTET_ROWS, compiled
from retrieval.loops.lanes import fetch

_AHEAD = 4
"""So many passages ahead vectors are fetched."""
_MILLION = 1e6


@compiled()
def _cosine(vectors: Int8Array, scale: Float32Array, row: int, query: Float64Array) -> float:
    """In double precision: in whatever order it is summed, the first decimals are the same."""
    total = 0.0
    for axis in range(len(query)):
        total += vectors[row, axis] * query[axis]
    return float(total * scale[row])


@compiled(
    "Tuple((float64[::1], int32[:, ::1]))"
    f"({INTS}, {OCTET_ROWS}, {FLOATS}, {LONGS}, {OCTET_ROWS}, {FLOATS}, {INTS}, {INTS}, {FLOATS})"
)
def fits_of(
    passages: Int32Array,
    vectors: Int8Array,
    scale: Float32Array,
    indptr: Int64Array,
    sentences: Int8Array,
    sentence_scale: Float32Array,
    start: Int32Array,
    end: Int32Array,
    question: Float32Array,
) -> tuple[Float64Array, Int32Array]:
    """(n,), (n, 2): half of each passage's product with the question and half of its best
    sentence's, from -1 to 1, in whole millionths; and where in its text that sentence stands, the
    first of equal ones, or of all if no product is a number."""
    query = empty(len(question), np.float64)
    for axis in range(len(question)):
        query[axis] = question[axis]
    similarity, place = empty(len(passages), np.float64), zeros((len(passages), 2), np.int32)
    for ahead in range(len(passages) + _AHEAD):
        if ahead < len(passages):
            fetch(vectors, np.int64(passages[ahead]))
            for row in range(indptr[passages[ahead]], indptr[passages[ahead] + 1]):
                fetch(sentences, row)
        number = ahead - _AHEAD
        if number < 0:
            continue
        passage, most = int(passages[number]), -np.inf
        for row in range(indptr[passage], indptr[passage + 1]):
            cosine = _cosine(sentences, sentence_scale, row, query)
            if cosine > most or row == indptr[passage]:
                place[number, 0], place[number, 1] = start[row], end[row]
            most = cosine if cosine > most else most
        half = 0.5 * (_cosine(vectors, scale, passage, query) + most)
        similarity[number] = np.rint(_MILLION * (1.0 if half > 1 else -1.0 if half < -1 else half))
    return similarity, place
