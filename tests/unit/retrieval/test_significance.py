"""The paired bootstrap, beside what is known exactly."""

import numpy as np
import pytest
from scipy.stats import binom

from retrieval.significance import Difference, interval_of, paired_bootstrap


def exact(ones: int, questions: int) -> tuple[float, float]:
    """The middle 95 % of the means of all samples, with replacement, of so many questions, of which
    so many are worth 100 and the others nothing: a binomial distribution."""
    low, high = (binom.ppf(at, questions, ones / questions) for at in (0.025, 0.975))
    return 100 * float(low) / questions, 100 * float(high) / questions


@pytest.mark.parametrize(("ones", "questions"), [(6, 10), (3, 25), (50, 100)])
def test_the_interval_is_that_of_all_samples_there_are(ones: int, questions: int) -> None:
    differences = [100.0] * ones + [0.0] * (questions - ones)
    found = paired_bootstrap(differences, [0.0] * questions)
    assert found.mean == pytest.approx(100 * ones / questions)
    assert (found.low, found.high) == pytest.approx(exact(ones, questions), abs=1.0)
    assert interval_of(differences) == (found.low, found.high)


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
    ours, theirs = [100.0, 50.0, 0.0, 25.0] * 3, [50.0, 50.0, 25.0, 0.0] * 3
    assert paired_bootstrap(ours, theirs) == paired_bootstrap(ours, theirs)


def test_the_other_way_round_all_signs_change() -> None:
    ours, theirs = [100.0, 50.0, 0.0, 25.0, 75.0] * 3, [50.0, 50.0, 25.0, 0.0, 0.0] * 3
    there, back = paired_bootstrap(ours, theirs), paired_bootstrap(theirs, ours)
    assert back.low is not None
    assert back.high is not None
    assert (there.mean, there.low, there.high) == pytest.approx((-back.mean, -back.high, -back.low))


@pytest.mark.parametrize(
    ("low", "high", "certain"), [(0.1, 3.0, True), (-3.0, -0.1, True), (0.0, 3.0, False)]
)
def test_a_difference_is_certain_if_zero_lies_outside(
    low: float, high: float, certain: bool
) -> None:
    assert Difference(mean=(low + high) / 2, low=low, high=high).certain is certain


@pytest.mark.parametrize("values", [[], [4.0], [100.0] * 9])
def test_a_few_questions_have_a_mean_and_no_interval(values: list[float]) -> None:
    found = paired_bootstrap(values, [0.0] * len(values))
    assert found == Difference(mean=sum(values) / max(len(values), 1), low=None, high=None)
    assert not found.certain
    assert interval_of(values) is None


def test_values_that_cannot_be_paired_are_refused() -> None:
    with pytest.raises(ValueError, match="2 values cannot be paired with 1"):
        paired_bootstrap([1.0, 2.0], [1.0])
