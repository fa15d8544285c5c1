"""Shared by all modes: taking the best scores, scaling to 0..1."""

import numpy as np
import numpy.typing as npt

from kg.snapshot.tables import Float32Array, Int32Array
from retrieval.mode import Ranking
from retrieval.results import Explanation


def ranking(
    scores: npt.NDArray[np.floating], k: int, explanation: Explanation | None = None
) -> Ranking:
    """The k best passages of (P,) scores as a `Ranking`."""
    passages, best = best_of(scores, k)
    return Ranking(passages=passages, scores=best, explanation=explanation or Explanation())


def best_of(scores: npt.NDArray[np.floating], k: int) -> tuple[Int32Array, Float32Array]:
    """The k best rows of (n,) scores and their scores, best first; all n if n < k. Scores that are
    equal in single precision are ties, resolved by row number: rounding errors must not decide
    between equal rows.
    """
    rounded = scores.astype(np.float32)
    if k < len(rounded):
        least = np.partition(rounded, len(rounded) - k)[len(rounded) - k]
        candidates = np.flatnonzero(rounded >= least)
    else:
        candidates = np.arange(len(rounded))
    order = candidates[np.argsort(-rounded[candidates], kind="stable")][:k]
    return order.astype(np.int32), rounded[order]


def min_max(scores: Float32Array) -> Float32Array:
    """Scores scaled to 0..1; all 1 if they are all the same, as in HippoRAG 2."""
    if not len(scores):
        return scores
    least, most = scores.min(), scores.max()
    if most == least:
        return np.ones_like(scores)
    scaled: Float32Array = (scores - least) / (most - least)
    return scaled
