"""Which texts share a pass through the model."""

import pytest

from inference.batches import batches, packed


def found(lengths: list[int], *, together: bool = True) -> list[list[int]]:
    return [batch.tolist() for batch in batches(lengths, together=together)]


def test_the_longest_come_first_and_similar_lengths_go_together() -> None:
    assert found([8, 30, 12, 25]) == [[1, 3], [2, 0]]


def test_what_would_be_padded_by_more_than_a_pass_costs_goes_by_itself() -> None:
    assert found([31, 11, 10]) == [[0], [1, 2]]


def test_a_text_goes_with_those_that_it_pads_least() -> None:
    assert found([21, 12, 11, 10]) == [[0], [1, 2, 3]], "not 21 with 12, though that would pay"


def test_a_batch_holds_a_limited_number_of_tokens_and_of_texts() -> None:
    assert sorted(len(batch) for batch in found([100] * 5)) == [2, 3]
    assert sorted(len(batch) for batch in found([2] * 100)) == [4, 96]


def test_a_text_above_the_limit_goes_alone() -> None:
    assert found([500, 495]) == [[0], [1]]


def test_one_by_one_where_batches_are_not_exact() -> None:
    assert found([5, 5, 9], together=False) == [[2], [0], [1]]


def test_no_texts_make_no_batch() -> None:
    assert found([]) == []


@pytest.mark.parametrize(
    ("lengths", "rows"),
    [
        ([40, 30, 20], [[40, 30, 20]]),
        ([100, 28, 1, 100], [[100, 28], [1, 100]]),
        ([256, 9, 9], [[256], [9, 9]]),
        ([], []),
    ],
)
def test_a_packed_row_is_closed_before_it_is_too_long(
    lengths: list[int], rows: list[list[int]]
) -> None:
    assert [[*map(len, row)] for row in packed([range(length) for length in lengths])] == rows
