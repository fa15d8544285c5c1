"""Similarities, worked out by hand, and the passages that they are worked out for."""

import os
import random
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kg.codes import Codes
from kg.snapshot import Quantised, Snapshot
from kg.snapshot.tables import Float32Array, Int32Array
from retrieval.loops import products as loops
from retrieval.loops.products import products
from retrieval.walk import ConditionedWalk, WalkConstants
from retrieval.walk.resident import resident
from retrieval.walk.similarity import Similarity
from tests.doubles.corpus import snapshot_of
from tests.doubles.hash_embedder import HashEmbedder
from tests.doubles.loops import called
from tests.doubles.pairs import walkable
from tests.unit.retrieval.walk.test_walk_reference import NAMES, SHAPES, corpus

VECTORS = np.array([[1, 0], [0, 1]], dtype=np.float32)


@pytest.fixture
def snapshot() -> Snapshot:
    made = walkable(2, [], sentences=2)
    return replace(
        made,
        passages=replace(made.passages, vectors=np.array([[1, 0], [0, 1]], dtype=np.float32)),
        sentences=replace(
            made.sentences,
            vectors=Quantised.of(np.array([[0, 1], [0.5, 0], [1, 0], [0.25, 0]])),
        ),
    )


looked_at, whole_of = called(loops.looked_at), called(loops.whole_of)


def look(
    passages: Sequence[int],
    stored: loops.Vectors,
    vectors: Float32Array,
    before: loops.Looked | None = None,
) -> loops.Looked:
    """At ascending passages, where nothing is known of any, and unless it is said, nothing was
    looked at before."""
    none = np.zeros((len(vectors) - 1, 0), dtype=np.float32)
    nothing = none, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
    wanted = *whole_of(vectors), np.zeros(0, dtype=np.int32), none
    return looked_at(np.array(passages, dtype=np.int32), stored, wanted, before or nothing)


def similarity(snapshot: Snapshot) -> Similarity:
    return Similarity(snapshot, snapshot.derived or snapshot.derive())


def all_of(count: int) -> Int32Array:
    return np.arange(count, dtype=np.int32)


def test_similarity_is_half_the_passage_and_half_its_best_sentence(snapshot: Snapshot) -> None:
    views, _, relevance = look([0, 1], similarity(snapshot).vectors, VECTORS[[0, 1, 0]])
    assert views.tolist() == [[0.75, 0.5], [0.5, 0.5]]
    assert relevance.tolist() == [0.0, 0.5, 1.0, 0.25]


def test_sentences_are_compared_with_the_aim(snapshot: Snapshot) -> None:
    aim = np.stack((VECTORS[0], VECTORS.mean(axis=0)))
    views, _, relevance = look([0, 1], similarity(snapshot).vectors, aim)
    assert views.tolist() == [[0.75, 0.5]]
    assert relevance.tolist() == [0.5, 0.25, 0.5, 0.125]


def test_only_what_is_asked_for_is_looked_at(snapshot: Snapshot) -> None:
    views, shift, relevance = look([1], similarity(snapshot).vectors, VECTORS[[0, 1, 0]])
    assert views.tolist() == [[0.5], [0.5]]
    assert relevance[np.array([2, 3]) + shift[0]].tolist() == [1.0, 0.25]


@pytest.mark.parametrize("views", [1, 3, 4, 5, 9])
@pytest.mark.parametrize("dimension", [1, 7, 48, 75, 1024])
def test_products_are_numpys_with_the_rounded_numbers(views: int, dimension: int) -> None:
    chance = np.random.default_rng(views)
    rounded = Quantised.of(chance.standard_normal((6, dimension)))
    rounded.values[0, 0], rounded.values[1], rounded.values[2] = 0, -127, 127
    rows, indptr = np.array([2, 0], dtype=np.int32), np.array([0, 2, 3, 6], dtype=np.int64)
    vectors = chance.standard_normal((views, dimension)).astype(np.float32)
    stored = rounded.values, rounded.scale
    found, shift, last = look([0, 2], (*stored, indptr, *stored), vectors)
    expected = rounded.rows(np.array([0, 1, 3, 4, 5])) @ vectors.T
    near = dimension * 1e-4
    assert shift.tolist() == [0, -1]
    assert last == pytest.approx(expected[:, -1], abs=near)
    most = np.maximum.reduceat(expected[:, :-1], [0, 2], axis=0).T
    own = vectors @ rounded.rows(rows).T
    assert products(rows, *stored, vectors) == pytest.approx(own, abs=near)
    halves = (own[:-1, ::-1] + most) / 2
    assert found == pytest.approx(halves, abs=near)


def test_products_of_unit_vectors_are_exact_to_five_digits() -> None:
    chance = np.random.default_rng(2)
    vectors = chance.standard_normal((40, 384))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rounded, views = Quantised.of(vectors), vectors[:4].astype(np.float32)
    found = products(all_of(40), rounded.values, rounded.scale, views)
    assert found == pytest.approx(views @ rounded.rows(all_of(40)).T, abs=1e-5)
    assert found == pytest.approx(views @ vectors.T, abs=2e-3)


def test_nothing_is_similar_to_a_vector_of_zeros() -> None:
    rounded, none = Quantised.of(np.eye(2)), np.zeros((1, 2), dtype=np.float32)
    assert products(all_of(2), rounded.values, rounded.scale, none).tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize(
    "processor",
    [{"NUMBA_CPU_NAME": "generic"}, {"NUMBA_CPU_NAME": "haswell"}, {"NUMBA_ENABLE_AVX": "0"}],
)
def test_every_processor_gives_the_same_bits(processor: dict[str, str], tmp_path: Path) -> None:
    code = (
        "import numpy as np\n"
        "from kg.snapshot import Quantised\n"
        "from retrieval.loops.products import products\n"
        "chance = np.random.default_rng(5)\n"
        "made = Quantised.of(chance.standard_normal((9, 71)))\n"
        "views = chance.standard_normal((5, 71)).astype(np.float32)\n"
        "rows = np.arange(9, dtype=np.int32)\n"
        "print(products(rows, made.values, made.scale, views).tobytes().hex())\n"
    )
    environment = os.environ | processor | {"NUMBA_CACHE_DIR": str(tmp_path)}
    run = [sys.executable, "-c", code]
    told = subprocess.run(run, env=environment, check=True, capture_output=True, text=True)
    chance = np.random.default_rng(5)
    made = Quantised.of(chance.standard_normal((9, 71)))
    views = chance.standard_normal((5, 71)).astype(np.float32)
    here = products(all_of(9), made.values, made.scale, views)
    assert told.stdout.strip() == here.tobytes().hex()


@pytest.mark.parametrize("known", [[1, 4, 8], list(range(9))])
def test_products_that_are_known_are_not_made_again(known: list[int]) -> None:
    chance = np.random.default_rng(3)
    rounded = Quantised.of(chance.standard_normal((9, 5)))
    stored, one_each = (rounded.values, rounded.scale), np.arange(10, dtype=np.int64)
    views = chance.standard_normal((3, 5)).astype(np.float32)
    told = np.full((2, len(known)), 7, dtype=np.float32)
    known_ = np.array(known, dtype=np.int32)
    nothing = told[:, :0].copy(), one_each[:0], told[0, :0]
    tables = *stored, one_each, *stored
    found, *_ = looked_at(all_of(9), tables, (*whole_of(views), known_, told), nothing)
    made = products(all_of(9), *stored, views[:2])
    expected = made.copy()
    expected[:, known] = 7
    assert found == pytest.approx((expected + made) / 2)


def test_what_is_looked_at_later_comes_behind() -> None:
    chance = np.random.default_rng(3)
    rounded = Quantised.of(chance.standard_normal((9, 5)))
    stored, indptr = (rounded.values, rounded.scale), np.array([0, 2, 5, 9], dtype=np.int64)
    views = chance.standard_normal((3, 5)).astype(np.float32)
    tables = rounded.values[:3], rounded.scale[:3], indptr, *stored
    before = look([1], tables, views)
    found, shift, relevance = look([0, 2], tables, views, before)
    every, _, expected = look([0, 1, 2], tables, views)
    assert found.tolist() == every[:, [1, 0, 2]].tolist()
    assert shift.tolist() == [-2, 3, 0]
    assert relevance.tolist() == expected[[2, 3, 4, 0, 1, 5, 6, 7, 8]].tolist()


def test_an_empty_corpus_has_no_similarities() -> None:
    views, *_ = look([], similarity(walkable(0, [])).vectors, VECTORS[[0, 0]])
    assert views.shape == (1, 0)


def of_vectors(count: int) -> Snapshot:
    """So many passages without a sentence, near to anything."""
    made = walkable(1, [])
    near = np.random.default_rng(1).standard_normal((count, 48)).astype(np.float32)
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    sentences = replace(made.sentences, indptr=np.zeros(count + 1, dtype=np.int64))
    return replace(made, passages=replace(made.passages, vectors=near), sentences=sentences)


def with_codes(snapshot: Snapshot) -> Snapshot:
    """The same with codes of its vectors."""
    codes = Codes.learn(snapshot.passages.vectors).dumps()
    return replace(snapshot, derived=replace(snapshot.derive(), codes=codes))


def test_the_nearest_by_code_are_those_of_all_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrieval.walk.similarity.ALL_COMPARED", 2000)
    flat = of_vectors(3000)
    coded, near = with_codes(flat), flat.passages.vectors
    views = near[[5, 900]] + near[[17, 2999]]
    every, some = similarity(flat).near(views, 40), similarity(coded).near(views, 40)
    expected = np.unique(np.argsort(-(views @ near.T), axis=1)[:, :40])
    assert every.tolist() == list(range(3000))
    assert {5, 17, 900, 2999} <= set(some.tolist())
    assert len(np.intersect1d(some, expected)) >= 0.95 * len(expected)


@pytest.mark.parametrize(("count", "coded"), [(8000, False), (8001, True)])
def test_vectors_are_coded_where_codes_are_compared(count: int, coded: bool) -> None:
    snapshot = of_vectors(count)
    derived = snapshot.derive()
    assert bool(len(derived.codes)) is coded
    assert Similarity(snapshot, derived).compares_all is not coded


def test_codes_that_an_earlier_version_made_of_fewer_vectors_are_not_read() -> None:
    snapshot = with_codes(of_vectors(3000))
    assert similarity(snapshot).compares_all


@pytest.mark.parametrize("seed", range(6))
def test_candidates_that_are_most_of_a_corpus_give_the_best_as_all_do(seed: int) -> None:
    chance, embedder = random.Random(seed), HashEmbedder()
    made = snapshot_of(corpus(chance, 40), embedder)
    exact = ConditionedWalk(made, WalkConstants(candidates=100))
    local = ConditionedWalk(made, WalkConstants(candidates=30))
    for shape in SHAPES:
        question = shape.format(*chance.choices(NAMES, k=4))
        vectors = embedder.embed([text for text, _ in exact.texts(question)], "query")
        ours, theirs = local.rank(question, vectors, 40), exact.rank(question, vectors, 40)
        assert ours.passages[:5].tolist() == theirs.passages[:5].tolist()
        assert ours.scores[:5] == pytest.approx(theirs.scores[:5], abs=2e-3)
        assert sorted(ours.passages.tolist()) == list(range(40))


def test_very_few_vectors_stay_where_they_are() -> None:
    made, none = Quantised.of(np.ones((5, 7))), Quantised.of(np.zeros((0, 7)))
    assert resident(made) is made
    assert resident(none) is none


def test_vectors_of_a_small_corpus_are_the_same_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrieval.walk.resident._LEAST", 0)
    made = Quantised.of(np.random.default_rng(4).standard_normal((5, 7)))
    held, none = resident(made), resident(Quantised.of(np.zeros((0, 7))))
    assert held.values is not made.values
    assert held.values.tolist() == made.values.tolist()
    assert held.scale is made.scale
    assert len(none) == 0
