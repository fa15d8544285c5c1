"""The nearest of fixed vectors: the same from every device."""

from collections.abc import Callable

import numpy as np
import pytest

from kg.device import trouble
from kg.errors import DeviceFailed
from kg.exhaustive import LOOSE, MOST_ASKED, Exhaustive, OnGpu
from kg.vectors import Vectors
from tests.doubles.exhaustive_on_cpu import OnCpu

pytest.importorskip("faiss")

Make = Callable[[Vectors], Exhaustive]
DEVICES = pytest.mark.parametrize("make", [OnCpu, pytest.param(OnGpu, marks=pytest.mark.gpu)])


def unit(rows: int, dimension: int, seed: int) -> Vectors:
    vectors = np.random.default_rng(seed).normal(size=(rows, dimension)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


@DEVICES
@pytest.mark.parametrize("count", [1, 128, MOST_ASKED])
def test_the_largest_products_are_found_in_their_order(make: Make, count: int) -> None:
    vectors, queries = unit(3000, 96, seed=1), unit(7, 96, seed=2)
    every = queries.astype(np.float64) @ vectors.astype(np.float64).T
    products, rows = make(vectors).nearest(queries, count)
    assert products.shape == rows.shape == (7, count)
    np.testing.assert_allclose(products, -np.sort(-every, axis=1)[:, :count], atol=LOOSE)
    np.testing.assert_allclose(products, np.take_along_axis(every, rows, axis=1), atol=LOOSE)
    assert (np.diff(products, axis=1) <= 0).all()


@DEVICES
def test_all_rows_are_found_if_all_are_asked_for(make: Make) -> None:
    _, rows = make(unit(50, 16, seed=3)).nearest(unit(1, 16, seed=4), 50)
    assert sorted(rows[0].tolist()) == list(range(50))


@pytest.mark.skipif(not trouble(), reason="there is a GPU")
def test_a_gpu_that_fails_is_told_with_the_remedy() -> None:
    with pytest.raises(DeviceFailed, match="AMMON_VECTOR_DEVICE=cpu"):
        OnGpu(unit(5, 8, seed=1))
