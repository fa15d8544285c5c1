"""Loops that tell what a walk went over."""

import numpy as np

from retrieval.walk.telling import facts_about, summed


def ints(*numbers: int) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    return np.array(numbers, dtype=np.int32)


def test_amounts_of_one_key_are_added_where_it_comes_first() -> None:
    keys, sums = summed(ints(7, 900, 7, 3), np.array([0.5, 0.25, 0.125, 1], dtype=np.float32))
    assert (keys.tolist(), sums.tolist()) == ([7, 900, 3], [0.625, 0.25, 1.0])


def test_of_nothing_there_is_no_sum() -> None:
    keys, sums = summed(ints(), np.zeros(0, dtype=np.float32))
    assert (len(keys), len(sums)) == (0, 0)


def test_facts_with_a_used_name_at_either_end_come_once_ascending() -> None:
    indptr = np.array([0, 3, 5], dtype=np.int64)
    stated = ints(1, 2, 4, 0, 2)
    subject, object_ = ints(5, 6, 8, 6, 9), ints(6, 7, 5, 7, 6)
    # Fact 2 is stated in both passages, fact 1 is about other names, fact 3 is stated elsewhere.
    found = facts_about(ints(0, 1), indptr, stated, subject, object_, ints(5, 9))
    assert found.tolist() == [0, 2, 4]
