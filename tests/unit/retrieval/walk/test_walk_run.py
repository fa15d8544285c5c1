"""The order of what a run found."""

import numpy as np
import pytest

from retrieval.loops.best import first_rows
from retrieval.walk.run import ordered


@pytest.mark.parametrize("count", [1, 256, 257, 900, 2000])
def test_many_come_in_the_order_of_few(count: int) -> None:
    chance = np.random.default_rng(3)
    scores = chance.choice(np.array([0.0, 0.30001, 0.30004, 0.5], dtype=np.float32), 900)
    base = (chance.integers(0, 3, 900) / 3).astype(np.float32)
    passages = chance.permutation(900).astype(np.int32)
    found = ordered(scores, base, passages, count)
    assert found.dtype == np.int32
    assert found.tolist() == first_rows(scores, base, passages, count).tolist()
