import builtins
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from kg.errors import DependencyMissing
from kg.vectors import FaissFlat, Vectors


def unit(rows: int, dimension: int, seed: int) -> Vectors:
    vectors = np.random.default_rng(seed).normal(size=(rows, dimension)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def best(scores: npt.NDArray[Any], k: int) -> npt.NDArray[np.int64]:
    return np.argsort(-scores, axis=1, kind="stable")[:, :k]


@pytest.mark.parametrize(("rows", "dimension", "k"), [(1, 3, 1), (50, 8, 5), (2000, 48, 20)])
def test_search_equals_numpy(rows: int, dimension: int, k: int) -> None:
    vectors, queries = unit(rows, dimension, 1), unit(7, dimension, 2)
    products = queries @ vectors.T
    scores, found = FaissFlat(vectors).search(queries, k)
    np.testing.assert_array_equal(found, best(products, k))
    np.testing.assert_allclose(scores, np.take_along_axis(products, found, 1), atol=1e-5)


def test_range_search_equals_numpy() -> None:
    vectors, queries = unit(500, 16, 3), unit(9, 16, 4)
    products = queries @ vectors.T
    indptr, scores, rows = FaissFlat(vectors).range_search(queries, 0.4)
    assert indptr.dtype == np.int64
    assert indptr.shape == (10,)
    for query in range(9):
        part = slice(indptr[query], indptr[query + 1])
        assert set(rows[part].tolist()) == set(np.flatnonzero(products[query] > 0.4).tolist())
        np.testing.assert_allclose(scores[part], products[query][rows[part]], atol=1e-5)


def test_rows_that_are_not_there_are_minus_one() -> None:
    _, found = FaissFlat(unit(2, 4, 5)).search(unit(1, 4, 6), 5)
    assert sorted(found[0].tolist()) == [-1, -1, -1, 0, 1]


def test_an_empty_index_finds_nothing() -> None:
    index = FaissFlat(np.zeros((0, 4), dtype=np.float32))
    queries = unit(2, 4, 7)
    assert index.search(queries, 3)[1].tolist() == [[-1, -1, -1]] * 2
    indptr, scores, rows = index.range_search(queries, 0.0)
    assert (indptr.tolist(), len(scores), len(rows)) == ([0, 0, 0], 0, 0)


def test_no_query_has_no_result() -> None:
    scores, found = FaissFlat(unit(3, 4, 8)).search(np.zeros((0, 4), dtype=np.float32), 2)
    assert scores.shape == found.shape == (0, 2)


def test_vectors_in_another_layout_are_taken() -> None:
    vectors = unit(20, 6, 9)
    strided = np.asfortranarray(vectors)
    np.testing.assert_array_equal(
        FaissFlat(strided).search(vectors, 1)[1][:, 0], np.arange(len(vectors))
    )


def test_a_missing_faiss_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def without_faiss(name: str, *rest: Any) -> Any:
        if name == "faiss":
            raise ImportError(name)
        return original(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_faiss)
    with pytest.raises(DependencyMissing, match=r"pip install -e '\.\[cpu\]'"):
        FaissFlat(unit(1, 4, 10))
