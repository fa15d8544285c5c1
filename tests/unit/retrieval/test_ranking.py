"""Taking the best of scores, and scaling them."""

import numpy as np
import pytest

from retrieval.ranking import best_of, min_max, ranking


def test_the_best_come_first() -> None:
    rows, scores = best_of(np.array([0.25, 0.75, 0.5], dtype=np.float32), 2)
    assert rows.tolist() == [1, 2]
    assert scores.tolist() == [0.75, 0.5]


def test_equal_scores_go_by_number_even_at_the_cut() -> None:
    rows, _ = best_of(np.array([1.0, 2.0, 1.0, 1.0, 1.0]), 3)
    assert rows.tolist() == [1, 0, 2]


def test_what_differs_by_rounding_only_is_equal() -> None:
    rows, _ = best_of(np.array([0.3, 0.1 + 0.2, 0.3]), 3)
    assert rows.tolist() == [0, 1, 2]


@pytest.mark.parametrize("k", [3, 4, 100])
def test_all_come_where_there_are_no_more(k: int) -> None:
    rows, _ = best_of(np.array([1.0, 3.0, 2.0]), k)
    assert rows.tolist() == [1, 2, 0]


def test_nothing_has_no_best() -> None:
    rows, scores = best_of(np.zeros(0), 5)
    assert (len(rows), len(scores)) == (0, 0)


def test_a_ranking_has_the_types_of_the_port() -> None:
    found = ranking(np.array([1.0, 2.0]), 1)
    assert [found.passages.dtype.name, found.scores.dtype.name] == ["int32", "float32"]


def test_scores_are_scaled_between_the_least_and_the_most() -> None:
    assert min_max(np.array([-1.0, 0.0, 3.0], dtype=np.float32)).tolist() == [0.0, 0.25, 1.0]


def test_scores_that_are_all_the_same_become_one() -> None:
    assert min_max(np.array([0.5, 0.5], dtype=np.float32)).tolist() == [1.0, 1.0]


def test_no_scores_stay_none() -> None:
    assert min_max(np.zeros(0, dtype=np.float32)).tolist() == []
