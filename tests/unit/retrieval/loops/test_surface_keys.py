"""What is found by keys."""

from math import log

import numpy as np
import pytest

from kg import surfaces as said
from kg.snapshot import quantised
from kg.snapshot.tables import Int64Array, Uint64Array
from kg.surfaces import key_of
from retrieval.loops import products, surfaces
from retrieval.loops.surfaces import words_in


def test_constants_that_are_said_twice_are_the_same() -> None:
    assert (surfaces.FNV_START, surfaces.FNV_PRIME) == (said.FNV_START, said.FNV_PRIME)
    assert (surfaces.MIXING, surfaces.LONGEST) == (said.MIXING, said.MAX_TOKENS)
    assert products._LARGEST == quantised.LARGEST


def postings(words: list[str], keys: Uint64Array, indptr: Int64Array) -> list[list[int]]:
    _, first, end = words_in(
        np.frombuffer("\n".join(words).encode(), dtype=np.uint8),
        np.zeros(len(words), dtype=np.int64),
        np.zeros((0, 2), dtype=np.int64),
        keys,
        indptr,
        np.zeros(0, dtype=np.int32),
        np.zeros(0, dtype=np.int32),
        1000,
    )
    return [first.tolist(), end.tolist()]


@pytest.mark.parametrize("seed", range(6))
def test_postings_are_those_of_the_row_of_each_words_key(seed: int) -> None:
    chance = np.random.default_rng(seed)
    words = [chr(0x400 + number) * (1 + number % 7) for number in chance.permutation(60).tolist()]
    some = [key_of(word) for word in words[::2]]
    others = chance.integers(0, 2**64, 200, dtype=np.uint64).tolist()
    keys = np.unique(np.array([0, *some, *others, 2**64 - 1], dtype=np.uint64))
    first, end = postings(words, keys, np.arange(len(keys) + 1) * 3)
    rows = {key: row for row, key in enumerate(keys.tolist())}
    known = [rows.get(key_of(word)) for word in words]
    assert known[::2].count(None) == 0
    assert first == [0 if row is None else 3 * row for row in known]
    assert end == [0 if row is None else 3 * row + 3 for row in known]


def test_among_no_keys_there_is_nothing() -> None:
    none = np.zeros(0, dtype=np.uint64)
    assert postings(["any"], none, np.zeros(1, dtype=np.int64)) == [[0], [0]]


def test_words_are_worth_by_how_rare_they_are_and_common_ones_nothing() -> None:
    words = sorted(["rare", "known", "common"], key=key_of)
    df = {"rare": 1, "known": 10, "common": 300}
    share, first, end = words_in(
        np.frombuffer("\n".join(words).encode(), dtype=np.uint8),
        np.array([9 * (word == "common") for word in words]),
        np.array([[5, 20]]),
        np.array([key_of(word) for word in words], dtype=np.uint64),
        np.cumsum([0, *(df[word] for word in words)]),
        np.zeros(0, dtype=np.int32),
        np.zeros(0, dtype=np.int32),
        1000,
    )
    total = log(1000) + log(100)
    worth = {"rare": log(1000) / total, "known": log(100) / total, "common": 0.0}
    assert share[0] == pytest.approx([worth[word] for word in words])
    assert share[1].tolist() == [0, 0, 0], "the clause has the common one only"
    assert (end - first).tolist() == [df[word] if worth[word] else 0 for word in words]
