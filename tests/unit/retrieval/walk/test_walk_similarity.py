"""Similarities, worked out by hand: all at once, or only where they matter."""

import random
from dataclasses import replace

import numpy as np
import pytest

from kg.snapshot import Snapshot
from retrieval.walk import ConditionedWalk, WalkConstants
from retrieval.walk.similarity import Similarity
from tests.doubles.corpus import snapshot_of
from tests.doubles.hash_embedder import HashEmbedder
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
            vectors=np.array([[0, 1], [0.5, 0], [1, 0], [0.25, 0]], dtype=np.float16),
        ),
    )


def test_similarity_is_half_the_passage_and_half_its_best_sentence(snapshot: Snapshot) -> None:
    sight = Similarity(snapshot).look(VECTORS, [0, 1], 0)
    assert sight.views.tolist() == [[0.75, 0.5], [0.5, 0.5]]
    assert sight.relevance.tolist() == [0.0, 0.5, 1.0, 0.25]


def test_a_mask_has_half_of_the_relevance_and_no_view(snapshot: Snapshot) -> None:
    sight = Similarity(snapshot).look(VECTORS, [0], 1)
    assert sight.views.tolist() == [[0.75, 0.5]]
    assert sight.relevance.tolist() == [0.5, 0.25, 0.5, 0.125]


def test_in_a_large_corpus_only_what_is_asked_for_is_sharp(snapshot: Snapshot) -> None:
    sight = Similarity(snapshot, few=0).look(VECTORS, [0, 1], 0)
    assert sight.sharpen(np.array([1, 1], dtype=np.int32)).tolist() == [1]
    assert sight.views[:, 1].tolist() == [0.5, 0.5]
    assert sight.views[:, 0] == pytest.approx([0.9, -0.1])
    assert sight.relevance.tolist() == [0.0, 0.0, 1.0, 0.25]


def test_what_is_sharp_is_not_looked_at_again(snapshot: Snapshot) -> None:
    sight = Similarity(snapshot, few=0).look(VECTORS, [0], 0)
    sight.sharpen(np.array([0], dtype=np.int32))
    assert sight.sharpen(np.array([0], dtype=np.int32)).tolist() == []


def test_an_empty_corpus_has_no_similarities() -> None:
    assert Similarity(walkable(0, [])).look(VECTORS, [0], 0).views.shape == (1, 0)


@pytest.mark.parametrize("seed", range(6))
def test_with_enough_candidates_the_local_walk_is_the_exact_one(seed: int) -> None:
    chance, embedder = random.Random(seed), HashEmbedder()
    made = snapshot_of(corpus(chance, 40), embedder)
    exact = ConditionedWalk(made)
    local = ConditionedWalk(made, WalkConstants(candidates=40), few_sentences=0)
    for shape in SHAPES:
        question = shape.format(*chance.choices(NAMES, k=4))
        vectors = embedder.embed([text for text, _ in exact.texts(question)], "query")
        ours, theirs = local.rank(question, vectors, 40), exact.rank(question, vectors, 40)
        assert ours.passages.tolist() == theirs.passages.tolist()
        assert ours.scores == pytest.approx(theirs.scores, abs=1e-6)
