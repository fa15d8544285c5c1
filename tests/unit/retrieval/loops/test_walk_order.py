"""The order of what a walk found."""

import numpy as np
import pytest

from kg.snapshot.tables import Float32Array
from retrieval.loops import order
from tests.doubles.loops import called

first_rows = called(order.first_rows)


def ints(*numbers: int) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    return np.array(numbers, dtype=np.int32)


def floats(*numbers: float) -> Float32Array:
    return np.array(numbers, dtype=np.float32)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("count", [0, 1, 7, 50, 99])
def test_first_are_the_best_then_those_of_better_base_then_lower_numbers(
    seed: int, count: int
) -> None:
    chance = np.random.default_rng(seed)
    scores = (chance.integers(0, 8, 50) / 8).astype(np.float32)
    base = (chance.integers(0, 3, 50) / 3).astype(np.float32)
    passages = chance.permutation(50).astype(np.int32)
    expected = np.lexsort((passages, -base, -scores))[:count]
    assert first_rows(scores, base, passages, count).tolist() == expected.tolist()


@pytest.mark.parametrize("count", [1, 2, 3, 256, 899, 900, 2000])
def test_many_come_in_the_order_of_few(count: int) -> None:
    chance = np.random.default_rng(3)
    scores = chance.choice(np.array([0.0, 0.30001, 0.30004, 0.5], dtype=np.float32), 900)
    base = (chance.integers(0, 3, 900) / 3).astype(np.float32)
    passages = chance.permutation(900).astype(np.int32)
    expected = np.lexsort((passages, -base, -scores.round(4)))[:count]
    found = first_rows(scores, base, passages, count)
    assert found.dtype == np.int32
    assert found.tolist() == expected.tolist()


def test_scores_that_differ_in_the_fifth_decimal_are_equal() -> None:
    scores, base = floats(0.30001, 0.30004, 0.3002), floats(0.9, 0.1, 0.1)
    assert first_rows(scores, base, ints(5, 6, 7), 3).tolist() == [2, 0, 1]
