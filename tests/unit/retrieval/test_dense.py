"""Mode `dense`."""

import numpy as np
import pytest

from retrieval.dense import Dense
from tests.doubles.snapshots import APassage, Handmade

SNAPSHOT = Handmade(
    passages=[APassage(vector=(0.0, 1.0)), APassage(vector=(1.0, 0.0)), APassage(vector=(0.6, 0.8))]
).snapshot()
EAST = np.array([[1.0, 0.0]], dtype=np.float32)


def test_passages_are_ranked_by_their_cosine() -> None:
    found = Dense(SNAPSHOT).rank("?", EAST, 3)
    assert found.passages.tolist() == [1, 2, 0]
    assert found.scores.tolist() == pytest.approx([1.0, 0.6, 0.0])


def test_only_the_best_come_back() -> None:
    assert Dense(SNAPSHOT).rank("?", EAST, 1).passages.tolist() == [1]


def test_the_question_is_embedded_as_a_query() -> None:
    assert Dense(SNAPSHOT).texts("Who?") == [("Who?", "query")]
