"""Whether a difference between two ways of retrieving is significant, by a bootstrap over the
questions.

As many questions as there are are drawn with replacement, again and again, and the mean of their
figures is taken each time. The middle 95 % of these means is the interval. To compare two ways on
the same questions, their differences are drawn: a paired bootstrap. (Efron and Tibshirani,
An Introduction to the Bootstrap, 1993, chapter 13.)
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RESAMPLES = 10_000
SEED = 0
LEAST = 10
"""Fewer questions than this get no interval: they say too little about other questions."""
_NUMBERS_AT_ONCE = 4_000_000
"""How many drawn values are held in memory."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A mean difference with its interval, in the unit of the values."""

    mean: float
    low: float | None
    """None, like `high`, for fewer than `LEAST` questions."""
    high: float | None

    @property
    def certain(self) -> bool:
        """Whether there is an interval, and it does not contain zero."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def paired_bootstrap(
    ours: Sequence[float],
    theirs: Sequence[float],
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Difference:
    """The mean difference of ours minus theirs, question by question, with its 95 % interval.

    The same values give the same interval. Raises: ValueError if the lengths differ.
    """
    if len(ours) != len(theirs):
        raise ValueError(f"{len(ours)} values cannot be paired with {len(theirs)}.")
    differences = np.asarray(ours, dtype=np.float64) - np.asarray(theirs, dtype=np.float64)
    interval = interval_of(differences, resamples=resamples, seed=seed)
    low, high = interval or (None, None)
    mean = float(differences.mean()) if len(differences) else 0.0
    return Difference(mean=mean, low=low, high=high)


def interval_of(
    values: Sequence[float] | npt.NDArray[np.float64],
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> tuple[float, float] | None:
    """The 95 % interval of the mean of the values; None for fewer than `LEAST`."""
    from scipy.stats import bootstrap

    if len(values) < LEAST:
        return None
    interval = bootstrap(
        (np.asarray(values, dtype=np.float64),),
        np.mean,
        n_resamples=resamples,
        batch=max(1, _NUMBERS_AT_ONCE // len(values)),
        confidence_level=0.95,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(interval.low), float(interval.high)
