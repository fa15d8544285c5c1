"""Whether one way of retrieving is better than another, or was lucky with the questions.

A paired bootstrap: both ways answered the same questions; questions are drawn again, with
replacement, as many as there are, and each time the mean of their differences is taken. The middle
95 % of these means is the interval. (Efron and Tibshirani, An Introduction to the Bootstrap, 1993,
chapter 13.)
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 10_000
SEED = 0
_NUMBERS_AT_ONCE = 4_000_000
"""How many drawn differences are held in memory."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A mean difference with its interval, in the unit of the values."""

    mean: float
    low: float
    high: float

    @property
    def certain(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0


def paired_bootstrap(
    ours: Sequence[float],
    theirs: Sequence[float],
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Difference:
    """The mean of ours less theirs, question by question, with its 95 % interval.

    The same values give the same interval. Raises: ValueError if the lengths differ.
    """
    from scipy.stats import bootstrap

    if len(ours) != len(theirs):
        raise ValueError(f"{len(ours)} values cannot be paired with {len(theirs)}.")
    differences = np.asarray(ours, dtype=np.float64) - np.asarray(theirs, dtype=np.float64)
    if len(differences) < 2:  # nothing can be drawn in another way
        only = float(differences.sum())
        return Difference(mean=only, low=only, high=only)
    interval = bootstrap(
        (differences,),
        np.mean,
        n_resamples=resamples,
        batch=max(1, _NUMBERS_AT_ONCE // len(differences)),
        confidence_level=0.95,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return Difference(
        mean=float(differences.mean()), low=float(interval.low), high=float(interval.high)
    )
