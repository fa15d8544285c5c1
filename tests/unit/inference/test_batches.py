"""Which texts share a pass through the model."""

from inference.batches import batches


def found(lengths: list[int], *, together: bool = True) -> list[list[int]]:
    return [batch.tolist() for batch in batches(lengths, together=together)]


def test_the_longest_come_first_and_similar_lengths_go_together() -> None:
    assert found([8, 30, 12, 25]) == [[1, 3], [2, 0]]


def test_what_would_be_padded_by_more_than_a_pass_costs_goes_by_itself() -> None:
    assert found([21, 11, 10]) == [[0, 1], [2]]


def test_a_batch_holds_a_limited_number_of_tokens_and_of_texts() -> None:
    assert [len(batch) for batch in found([100] * 5)] == [2, 2, 1]
    assert [len(batch) for batch in found([2] * 70)] == [32, 32, 6]


def test_a_text_above_the_limit_goes_alone() -> None:
    assert found([500, 495]) == [[0], [1]]


def test_one_by_one_where_batches_are_not_exact() -> None:
    assert found([5, 5, 9], together=False) == [[2], [0], [1]]


def test_no_texts_make_no_batch() -> None:
    assert found([]) == []
