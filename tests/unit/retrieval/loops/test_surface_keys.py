"""What is found by keys."""

import numpy as np
import pytest

from kg import surfaces as said
from kg.snapshot import quantised
from retrieval.loops import products, surfaces
from retrieval.loops.surfaces import postings_of


def test_constants_that_are_said_twice_are_the_same() -> None:
    assert (surfaces.FNV_START, surfaces.FNV_PRIME) == (said.FNV_START, said.FNV_PRIME)
    assert (surfaces.MIXING, surfaces.LONGEST) == (said.MIXING, said.MAX_TOKENS)
    assert products._LARGEST == quantised.LARGEST


@pytest.mark.parametrize("seed", range(6))
def test_postings_are_those_of_the_row_of_each_key(seed: int) -> None:
    chance = np.random.default_rng(seed)
    keys = np.unique(chance.integers(0, 2**64, 200, dtype=np.uint64))
    keys = np.unique(np.concatenate((keys, [np.uint64(0), np.uint64(2**64 - 1)])))
    indptr = np.arange(len(keys) + 1) * 3
    wanted = np.concatenate((keys[::7], chance.integers(0, 2**64, 20, dtype=np.uint64)))
    first, end = postings_of(wanted, keys, indptr)
    rows = {key: row for row, key in enumerate(keys.tolist())}
    known = [rows.get(key) for key in wanted.tolist()]
    assert first.tolist() == [0 if row is None else 3 * row for row in known]
    assert end.tolist() == [0 if row is None else 3 * row + 3 for row in known]


def test_among_no_keys_there_is_nothing() -> None:
    none = np.zeros(0, dtype=np.uint64)
    first, end = postings_of(np.array([5], dtype=np.uint64), none, np.zeros(1, dtype=np.int64))
    assert (first.tolist(), end.tolist()) == ([0], [0])
