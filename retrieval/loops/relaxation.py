"""The inner loop of `retrieval.pagerank.relaxation`, compiled when a mode first needs it."""

import numpy as np
import numpy.typing as npt

from kg.snapshot.tables import Float32Array
from retrieval.loops.compiled import compiled

Float64Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.uint64]
Nodes = npt.NDArray[np.uint32]

_ONE = np.uint64(1)


@compiled(
    "void(uint64[::1], uint32[::1], float32[::1], float64[::1], float64[::1], float64[::1], "
    "uint64, float64, float64, float64)"
)
def relax(
    indptr: Places,
    indices: Nodes,
    weights: Float32Array,
    strength: Float64Array,
    start: Float64Array,
    z: Float64Array,
    connected: int,
    damping: float,
    over: float,
    enough: float,
) -> None:
    """Change z (n,) until (S - damping A) z = start is missed by `enough` in sum.

    `strength` (n,) is the diagonal of S, `over` the factor of over-relaxation; only the first
    `connected` nodes have edges, the others are left as they are. Places are unsigned numbers:
    otherwise each would be asked whether it counts from the end, which took half of the time.
    """
    missed = np.inf
    while missed > enough:
        missed = 0.0
        entry = np.uint64(0)
        for node in range(connected):
            end = indptr[node + _ONE]
            arriving = 0.0
            while entry < end:
                arriving += weights[entry] * z[indices[entry]]
                entry += _ONE
            error = start[node] + damping * arriving - strength[node] * z[node]
            z[node] += over * error / strength[node]
            missed += abs(error)
