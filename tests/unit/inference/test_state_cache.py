"""What a model made of a question is remembered, whichever parts of it are wanted."""

from collections.abc import Sequence

import numpy as np
import pytest

from inference.embedder import Bundle
from inference.onnx import OnnxEmbedder
from inference.onnx_session import OnnxSession, Row, States
from inference.state_cache import StateCache

TEXT = "Who taught the man who found place cells, and where?"
MAN, WHERE = (15, 40), (42, 52)
TOKENS = 3


class Model:
    """Makes one state a token, and counts the bundles that it was asked for."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, bundles: Sequence[Row]) -> list[list[States]]:
        self.asked += len(bundles)
        return [[text.astype(np.float32)[:, None] for text in bundle] for bundle in bundles]


def a_bundle(number: int) -> Row:
    return [np.full(TOKENS, number, dtype=np.int64)]


def size(bundles: int) -> int:
    return bundles * TOKENS * np.dtype(np.float32).itemsize


def test_a_bundle_that_comes_again_is_not_made_again() -> None:
    model, kept = Model(), StateCache(size(2))
    first = kept.of([a_bundle(1)], model)
    again = kept.of([a_bundle(2), a_bundle(1)], model)
    assert model.asked == 2
    np.testing.assert_array_equal(again[1][0], first[0][0])
    np.testing.assert_array_equal(again[0][0], [[2.0]] * TOKENS)


def test_the_same_bundle_twice_at_once_is_made_once() -> None:
    model, kept = Model(), StateCache(size(2))
    found = kept.of([a_bundle(1), a_bundle(1)], model)
    assert (model.asked, len(found)) == (1, 2)


def test_the_one_that_was_not_asked_for_longest_goes_first() -> None:
    model, kept = Model(), StateCache(size(2))
    for number in (1, 2, 1, 3):
        kept.of([a_bundle(number)], model)
    assert model.asked == 3
    kept.of([a_bundle(1), a_bundle(3)], model)
    assert model.asked == 3
    kept.of([a_bundle(2)], model)
    assert model.asked == 4


def test_texts_cut_otherwise_are_another_bundle() -> None:
    model, kept = Model(), StateCache(size(9))
    kept.of([[np.array([1, 2]), np.array([3])]], model)
    kept.of([[np.array([1]), np.array([2, 3])]], model)
    assert model.asked == 2


@pytest.mark.parametrize("most", [0, size(1) - 1])
def test_what_there_is_no_room_for_is_made_again(most: int) -> None:
    model, kept = Model(), StateCache(most)
    for _ in range(2):
        (found,) = kept.of([a_bundle(1)], model)
        np.testing.assert_array_equal(found[0], [[1.0]] * TOKENS)
    assert model.asked == 2


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of rows of each pass through a model."""
    made: list[int] = []
    states = OnnxSession.states

    def counted(self: OnnxSession, rows: Sequence[Row]) -> list[list[States]]:
        made.append(len(rows))
        return states(self, rows)

    monkeypatch.setattr(OnnxSession, "states", counted)
    return made


def test_other_parts_of_a_question_take_no_pass_and_have_the_same_bits(passes: list[int]) -> None:
    remembering, fresh = OnnxEmbedder(threads=1, most_kept=10**7), OnnxEmbedder(threads=1)
    beside = (TEXT[slice(*WHERE)],)
    remembering.embed_bundles([Bundle(text=TEXT, parts=((MAN,),), beside=beside)], "query")
    passes.clear()
    other = Bundle(text=TEXT, parts=((MAN, WHERE), (WHERE,)), beside=beside)
    found = remembering.embed_bundles([other], "query")
    assert not passes
    np.testing.assert_array_equal(found, fresh.embed_bundles([other], "query"))
