"""Loops that tell what a walk went over."""

import numpy as np

from retrieval.loops.telling import facts_about, largest_sums


def ints(*numbers: int) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    return np.array(numbers, dtype=np.int32)


def largest(keys: list[int], amounts: list[float], count: int) -> list[tuple[int, float]]:
    found, sums = largest_sums(ints(*keys), np.array(amounts, dtype=np.float32), count)
    return list(zip(found.tolist(), sums.tolist(), strict=True))


def test_amounts_of_one_key_are_added() -> None:
    found = largest([7, 900, 7, 3], [0.5, 0.25, 0.125, 1], 8)
    assert found == [(3, 1.0), (7, 0.625), (900, 0.25)]


def test_of_equal_sums_that_which_comes_first_is_kept() -> None:
    assert largest([4, 2, 9, 5], [0.25, 0.5, 0.25, 0.5], 3) == [(2, 0.5), (5, 0.5), (4, 0.25)]


def test_what_sums_to_nothing_is_left_out() -> None:
    assert largest([4, 2], [0, 0.5], 8) == [(2, 0.5)]
    assert largest([], [], 8) == []


def test_the_largest_sums_are_those_of_a_sorted_list() -> None:
    random = np.random.default_rng(5)
    keys, amounts = random.integers(0, 60, 200), random.integers(0, 9, 200)
    sums = [(int(key), float(amounts[keys == key].sum())) for key in dict.fromkeys(keys.tolist())]
    expected = sorted((one for one in sums if one[1]), key=lambda one: -one[1])[:8]
    assert largest(keys.tolist(), amounts.tolist(), 8) == expected


def test_facts_with_a_used_name_at_either_end_come_once_ascending() -> None:
    indptr = np.array([0, 3, 5], dtype=np.int64)
    stated = ints(1, 2, 4, 0, 2)
    subject, object_ = ints(5, 6, 8, 6, 9), ints(6, 7, 5, 7, 6)
    # Fact 2 is stated in both passages, fact 1 is about other names, fact 3 is stated elsewhere.
    found = facts_about(ints(0, 1), indptr, stated, subject, object_, ints(5, 9))
    assert found.tolist() == [0, 2, 4]
