"""The paired bootstrap, beside one that draws every possible sample."""

from itertools import product

import numpy as np
import pytest

from retrieval.significance import Difference, paired_bootstrap


def exhaustive(differences: list[float]) -> tuple[float, float]:
    """The middle 95 % of the means of all samples of that size, with replacement."""
    drawn = [np.mean(sample) for sample in product(differences, repeat=len(differences))]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


@pytest.mark.parametrize(
    "differences", [[10.0, 0.0, 5.0, -20.0, 50.0, 33.0], [0.0, 0.0, 0.0, 100.0, 0.0, -100.0]]
)
def test_the_interval_is_that_of_all_samples_there_are(differences: list[float]) -> None:
    found = paired_bootstrap(differences, [0.0] * len(differences))
    assert found.mean == pytest.approx(np.mean(differences))
    assert (found.low, found.high) == pytest.approx(exhaustive(differences), abs=1.0)


def test_what_both_find_alike_does_not_widen_the_interval() -> None:
    easy_and_hard = [0.0, 100.0] * 50
    better = [value + 1.0 for value in easy_and_hard]
    assert paired_bootstrap(better, easy_and_hard) == Difference(mean=1.0, low=1.0, high=1.0)


def test_of_many_questions_it_is_the_interval_of_the_normal_distribution() -> None:
    draws = np.random.default_rng(3).normal(2.0, 10.0, 2500)
    found = paired_bootstrap(draws.tolist(), [0.0] * 2500)
    half = 1.96 * draws.std() / 50
    assert found.low == pytest.approx(draws.mean() - half, abs=0.02)
    assert found.high == pytest.approx(draws.mean() + half, abs=0.02)


def test_the_same_values_give_the_same_interval() -> None:
    ours, theirs = [100.0, 50.0, 0.0, 25.0], [50.0, 50.0, 25.0, 0.0]
    assert paired_bootstrap(ours, theirs) == paired_bootstrap(ours, theirs)


def test_the_other_way_round_all_signs_change() -> None:
    ours, theirs = [100.0, 50.0, 0.0, 25.0, 75.0], [50.0, 50.0, 25.0, 0.0, 0.0]
    there, back = paired_bootstrap(ours, theirs), paired_bootstrap(theirs, ours)
    assert (there.mean, there.low, there.high) == pytest.approx((-back.mean, -back.high, -back.low))


@pytest.mark.parametrize(
    ("low", "high", "certain"), [(0.1, 3.0, True), (-3.0, -0.1, True), (0.0, 3.0, False)]
)
def test_a_difference_is_certain_if_zero_lies_outside(
    low: float, high: float, certain: bool
) -> None:
    assert Difference(mean=(low + high) / 2, low=low, high=high).certain is certain


@pytest.mark.parametrize(("values", "mean"), [([], 0.0), ([4.0], 4.0)])
def test_where_nothing_can_be_drawn_in_another_way_the_interval_is_the_mean(
    values: list[float], mean: float
) -> None:
    found = paired_bootstrap(values, [0.0] * len(values))
    assert found == Difference(mean=mean, low=mean, high=mean)


def test_values_that_cannot_be_paired_are_refused() -> None:
    with pytest.raises(ValueError, match="2 values cannot be paired with 1"):
        paired_bootstrap([1.0, 2.0], [1.0])
