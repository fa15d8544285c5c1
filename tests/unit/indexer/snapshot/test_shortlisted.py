"""Pairs of vectors that are near each other, from lists of each one's nearest."""

from collections.abc import Callable

import numpy as np
import pytest
import structlog

from indexer.snapshot import shortlisted
from indexer.snapshot.nearness import Rows
from indexer.snapshot.shortlisted import Lists, pairs_on_any_device
from inference.embedder import Vectors
from kg.device import trouble
from kg.errors import DeviceFailed
from kg.exhaustive import Exhaustive, OnGpu, Products
from tests.doubles.choices import as_if_forced, searched_on
from tests.doubles.exhaustive_on_cpu import OnCpu
from tests.unit.indexer.snapshot.test_nearness import all_pairs, crowd

pytest.importorskip("faiss")

DEVICES = pytest.mark.parametrize("make", [OnCpu, pytest.param(OnGpu, marks=pytest.mark.gpu)])
Make = Callable[[Vectors], Exhaustive]
Pairs = dict[tuple[int, int], float]


class Failing:
    """Answers once, and then no more."""

    def __init__(self, vectors: Vectors) -> None:
        self._search, self._asked = OnCpu(vectors), 0

    def nearest(self, queries: Vectors, count: int) -> tuple[Products, Rows]:
        self._asked += 1
        if self._asked > 1:
            raise DeviceFailed("out of memory")
        return self._search.nearest(queries, count)


def found(vectors: Vectors, fresh: Rows, most: int = 1000) -> Pairs:
    """(row, row) -> cosine, the lesser row first; each found once."""
    old = np.setdiff1d(np.arange(len(vectors)), fresh)
    pairs: Pairs = {}
    told = 0
    for done, first, second, cosines in pairs_on_any_device(
        vectors, fresh, old, np.zeros(len(vectors)), 0.8, most
    ):
        assert told <= done
        told = done
        for one, other, cosine in zip(first.tolist(), second.tolist(), cosines, strict=True):
            key = (min(one, other), max(one, other))
            assert key not in pairs
            pairs[key] = float(cosine)
    assert told == len(fresh)
    return pairs


@pytest.fixture
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several batches, and lists that are too short for some, and for a few too short twice."""
    monkeypatch.setattr(shortlisted, "_ROWS", 70)
    monkeypatch.setattr(shortlisted, "_SHORT", 16)
    monkeypatch.setattr(shortlisted, "MOST_ASKED", 40)


@pytest.mark.usefixtures("_small")
@DEVICES
@pytest.mark.parametrize("spread", [0.3, 0.5, 0.53])
@pytest.mark.parametrize("every", [1, 2, 9])
def test_the_same_pairs_are_found_as_by_comparing_all(
    make: Make, spread: float, every: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shortlisted, "OnGpu", make)
    vectors, fresh = crowd(400, 160, spread, seed=3), np.arange(0, 400, every)
    expected = {
        pair: cosine
        for pair, cosine in all_pairs(vectors).items()
        if pair[0] % every == 0 or pair[1] % every == 0
    }
    with as_if_forced():
        assert found(vectors, fresh) == pytest.approx(expected, abs=1.1e-6)


@pytest.mark.usefixtures("_small")
def test_when_the_device_fails_in_between_the_cpu_does_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shortlisted, "OnGpu", Failing)
    vectors = crowd(400, 160, 0.53, seed=3)
    with as_if_forced(), structlog.testing.capture_logs() as logs:
        assert found(vectors, np.arange(400)).keys() == all_pairs(vectors).keys()
    assert [line["reason"] for line in logs] == ["out of memory"]


@pytest.mark.skipif(not trouble(), reason="there is a GPU")
def test_a_gpu_that_cannot_be_used_leaves_all_to_the_cpu_with_one_warning() -> None:
    vectors = crowd(100, 40, 0.4, seed=4)
    with as_if_forced(), structlog.testing.capture_logs() as logs:
        assert found(vectors, np.arange(100)) == found(vectors, np.arange(100)[::-1])
    assert {line["event"] for line in logs} == {"synonyms are searched on the CPU"}
    assert [line["log_level"] for line in logs] == ["warning", "warning"]


def test_little_work_stays_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shortlisted, "OnGpu", Failing)
    monkeypatch.setattr(shortlisted, "Lists", None)
    vectors = crowd(100, 40, 0.4, seed=4)
    assert found(vectors, np.arange(100)).keys() == all_pairs(vectors).keys()


def test_pairs_that_neither_row_can_use_are_left_out() -> None:
    vectors, fresh = crowd(50, 20, 0.4, seed=6), np.arange(50)
    lists = Lists(fresh, fresh[:0], 50)
    least = np.full(50, 0.9)
    pairs = [
        (min(one, other), max(one, other))
        for _, first, second, _ in lists.pairs(OnCpu(vectors), vectors, least, 0.8)
        for one, other in zip(first.tolist(), second.tolist(), strict=True)
    ]
    every = all_pairs(vectors)
    assert {pair for pair, cosine in every.items() if cosine >= 0.9} <= set(pairs)
    assert len(pairs) < len(every)
    assert not len(lists.left())


@pytest.mark.gpu
def test_on_a_gpu_the_links_of_each_name_are_those_of_the_cpu() -> None:
    vectors, fresh = crowd(6000, 384, 0.5, seed=9), np.arange(6000)
    with searched_on("cpu"):
        expected = found(vectors, fresh)
    with searched_on("cuda"):
        there = found(vectors, fresh)
    assert there == expected
