"""Pairs of vectors that are near each other."""

import numpy as np
import pytest

from indexer.snapshot import nearness
from indexer.snapshot.nearness import near_pairs
from inference.embedder import Vectors

MOST = 5
NONE = np.zeros(0, dtype=np.int64)


def crowd(rows: int, dimension: int, spread: float, seed: int) -> Vectors:
    """Vectors around a few centres."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(12, dimension))
    vectors = centres[random.integers(12, size=rows)]
    vectors = vectors + spread * random.normal(size=vectors.shape)
    unit: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


def found(
    vectors: Vectors, fresh: np.ndarray[tuple[int], np.dtype[np.int64]], most: int
) -> dict[tuple[int, int], float]:
    """(row, row) -> cosine, the lesser row first."""
    old = np.setdiff1d(np.arange(len(vectors)), fresh)
    pairs: dict[tuple[int, int], float] = {}
    least = np.zeros(len(vectors))
    for _, first, second, cosines in near_pairs(vectors, fresh, old, least, 0.8, most):
        for one, other, cosine in zip(first, second, cosines, strict=True):
            key = (int(min(one, other)), int(max(one, other)))
            assert key not in pairs
            pairs[key] = float(cosine)
    return pairs


def all_pairs(vectors: Vectors) -> dict[tuple[int, int], float]:
    cosines = (vectors.astype(np.float64) @ vectors.astype(np.float64).T).round(6)
    rows, columns = np.nonzero(np.triu(cosines >= 0.8, 1))
    return {
        (int(row), int(column)): float(cosines[row, column])
        for row, column in zip(rows, columns, strict=True)
    }


@pytest.mark.parametrize("turned", [True, False])
@pytest.mark.parametrize("spread", [0.3, 0.5, 0.53])
def test_all_pairs_are_found_and_none_twice(
    spread: float, turned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearness, "_is_worth_turning", lambda fresh, rows: turned)
    monkeypatch.setattr(nearness, "_ROWS", 70)
    monkeypatch.setattr(nearness, "_COLUMNS", 110)
    vectors = crowd(400, 160, spread, seed=3)
    expected = all_pairs(vectors)
    assert 0 < len(expected) < 80_000
    assert found(vectors, np.arange(400), most=400) == pytest.approx(expected, abs=1.1e-6)


def test_the_bound_is_not_below_the_cosine_where_it_is_tight(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(nearness, "_is_worth_turning", lambda fresh, rows: True)
    random = np.random.default_rng(8)
    first = random.normal(size=(300, 160))
    first[:, :5] *= 2.8
    second = first.copy()  # what is left of it beside the first axes points the same way
    second[:, :5] = 2.8 * random.normal(size=(300, 5))
    vectors = np.concatenate([first, second])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    expected = all_pairs(vectors.astype(np.float32))
    assert 50 < len(expected) < 250
    assert found(vectors.astype(np.float32), np.arange(600), 600).keys() == expected.keys()


def test_of_old_rows_only_pairs_with_fresh_ones_are_found() -> None:
    vectors = crowd(120, 40, 0.4, seed=4)
    fresh = np.arange(0, 120, 10)
    expected = {
        pair: cosine
        for pair, cosine in all_pairs(vectors).items()
        if pair[0] % 10 == 0 or pair[1] % 10 == 0
    }
    assert found(vectors, fresh, most=120) == pytest.approx(expected, abs=1.1e-6)


def test_in_a_crowd_the_nearest_of_each_row_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearness, "_CROWDED", 0)
    vectors = crowd(300, 40, 0.3, seed=5)
    pairs, every = found(vectors, np.arange(300), MOST), all_pairs(vectors)
    assert len(pairs) < len(every)
    for row in range(300):
        best = sorted((-cosine, pair) for pair, cosine in every.items() if row in pair)[:MOST]
        assert all(pair in pairs for _, pair in best)


def test_pairs_that_neither_row_can_use_are_left_out() -> None:
    vectors = crowd(50, 20, 0.4, seed=6)
    every = all_pairs(vectors)
    least = np.full(50, 0.9)
    pairs = [
        (int(one), int(other))
        for _, first, second, _ in near_pairs(vectors, np.arange(50), NONE, least, 0.8, 50)
        for one, other in zip(first, second, strict=True)
    ]
    assert {pair for pair, cosine in every.items() if cosine >= 0.9} <= set(pairs)
    assert len(pairs) < len(every)


def test_of_no_rows_there_are_no_pairs() -> None:
    assert found(np.zeros((0, 4), dtype=np.float32), NONE, MOST) == {}
