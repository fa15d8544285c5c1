"""Mode `dense` over very many passages, of which a GPU names those that may be the best."""

from collections.abc import Callable

import numpy as np
import pytest
import structlog

from kg.device import trouble
from kg.errors import DeviceFailed
from kg.exhaustive import LOOSE, Exhaustive, OnGpu
from kg.snapshot.tables import Float32Array
from retrieval import shortlist
from retrieval.dense import Dense
from retrieval.mode import Ranking
from retrieval.shortlist import Shortlist, sure
from tests.doubles.choices import as_if_forced, searched_on
from tests.doubles.exhaustive_on_cpu import OnCpu
from tests.doubles.snapshots import APassage, Handmade

pytest.importorskip("faiss")

DEVICES = pytest.mark.parametrize("make", [OnCpu, pytest.param(OnGpu, marks=pytest.mark.gpu)])
Make = Callable[[Float32Array], Exhaustive]


def unit(rows: int, seed: int) -> Float32Array:
    vectors = np.random.default_rng(seed).normal(size=(rows, 12)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


VECTORS = unit(2000, seed=1)
VECTORS[70] = VECTORS[1900]
SNAPSHOT = Handmade(
    passages=[APassage(vector=tuple(row.tolist())) for row in VECTORS], dimension=12
).snapshot()


def asked(query: Float32Array, k: int) -> Ranking:
    return Dense(SNAPSHOT).rank("?", query[np.newaxis], k)


@DEVICES
@pytest.mark.parametrize("k", [1, 10, 100])
def test_the_best_are_those_of_all_compared(
    make: Make, k: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shortlist, "OnGpu", make)
    for query in [*unit(5, seed=2), VECTORS[70]]:
        with searched_on("cpu"):
            expected = asked(query, k)
        with as_if_forced():
            found = asked(query, k)
        assert found.passages.tolist() == expected.passages.tolist()
        np.testing.assert_allclose(found.scores, expected.scores, atol=1e-6)


@DEVICES
def test_the_shortlist_is_short_and_ascending_and_has_the_best(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shortlist, "OnGpu", make)
    query = unit(1, seed=3)[0]
    with as_if_forced():
        rows = Shortlist(VECTORS).rows(query, 10)
    assert rows is not None
    assert len(rows) == 84
    assert (np.diff(rows) > 0).all()
    assert set(np.argsort(-(VECTORS @ query))[:10].tolist()) <= set(rows.tolist())


def test_where_the_last_of_the_list_might_be_among_the_best_all_are_compared() -> None:
    same = np.repeat(VECTORS[:1], 300, axis=0)
    assert sure(OnCpu(same), VECTORS[0], 10, 84) is None
    same[10:] *= 1 - 3 * LOOSE
    rows = sure(OnCpu(same), VECTORS[0], 10, 84)
    assert rows is not None
    assert rows[:10].tolist() == list(range(10))


def test_if_most_are_wanted_or_there_are_few_all_are_compared() -> None:
    with as_if_forced():
        assert Shortlist(VECTORS).rows(VECTORS[0], 1500) is None
        assert Shortlist(VECTORS[:50]).rows(VECTORS[0], 10) is None
    assert Shortlist(VECTORS).rows(VECTORS[0], 10) is None


@pytest.mark.skipif(not trouble(), reason="there is a GPU")
def test_a_gpu_that_cannot_be_used_leaves_all_to_the_cpu_with_one_warning() -> None:
    dense, query = Dense(SNAPSHOT), unit(1, seed=4)
    with searched_on("cpu"):
        expected = dense.rank("?", query, 5).passages.tolist()
    with as_if_forced(), structlog.testing.capture_logs() as logs:
        for _ in range(3):
            assert dense.rank("?", query, 5).passages.tolist() == expected
    assert [line["event"] for line in logs] == ["mode dense searches on the CPU"]


def test_a_device_that_fails_later_is_left_alone_from_then_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Failing:
        made = 0

        def __init__(self, vectors: Float32Array) -> None:
            Failing.made += 1

        def nearest(self, queries: Float32Array, count: int) -> None:
            raise DeviceFailed("lost")

    monkeypatch.setattr(shortlist, "OnGpu", Failing)
    chosen = Shortlist(VECTORS)
    with as_if_forced(), structlog.testing.capture_logs() as logs:
        assert [chosen.rows(VECTORS[0], 10) for _ in range(3)] == [None] * 3
    assert [line["reason"] for line in logs] == ["lost"]
    assert Failing.made == 1
