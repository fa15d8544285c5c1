"""Of the best passages, those that are like a better one give way."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from retrieval.loops import variety
from retrieval.walk import ConditionedWalk, WalkConstants
from retrieval.walk.variety import leads_among
from tests.doubles.corpus import note, snapshot_of
from tests.doubles.hash_embedder import HashEmbedder
from tests.doubles.loops import called

reordered = called(variety.reordered)

SCORES = [0.5, 0.4, 0.3, 0.2]
USUAL = WalkConstants()


def ordered(
    scores: Sequence[float],
    alike: Sequence[tuple[int, int, float]],
    usual: float = 0.0,
    leads: Sequence[tuple[int, int]] = (),
) -> tuple[list[int], list[float]]:
    """The order and the scores of the first three of four, whose cosines are as given."""
    cosines = np.full((3, 3), usual, dtype=np.float32)
    np.fill_diagonal(cosines, 1)
    for one, other, cosine in alike:
        cosines[one, other] = cosines[other, one] = cosine
    given, led = np.array(scores, dtype=np.float32), np.zeros((3, 3), dtype=np.bool_)
    for one, other in leads:
        led[one, other] = True
    order, found = reordered(given, cosines, led, USUAL.variety, USUAL.alike)
    return order.tolist(), found.tolist()


def test_what_is_alike_gives_way_to_what_is_not() -> None:
    order, scores = ordered(SCORES, [(0, 1, 0.8)])
    usual = 0.8 / 3
    kept = math.exp(-4 * ((0.8 - usual) / (1 - usual) - 0.2))
    assert order == [0, 2, 1]
    assert scores == pytest.approx([0.5, 0.3, 0.2 + 0.2 * kept])


def test_what_is_as_alike_as_is_usual_stays() -> None:
    order, scores = ordered(SCORES, [], usual=0.9)
    assert order == [0, 1, 2]
    assert scores == pytest.approx(SCORES[:3])


def test_a_much_better_one_stays_with_a_lower_score() -> None:
    order, scores = ordered([0.5, 0.4, 0.21, 0.2], [(0, 1, 0.6)])
    assert order == [0, 1, 2]
    assert 0.21 < scores[1] < 0.4


def test_none_falls_below_the_next_one() -> None:
    order, scores = ordered(SCORES, [(0, 1, 1.0), (0, 2, 0.9), (1, 2, 0.0)])
    assert order[0] == 0
    assert scores[0] >= scores[1] >= scores[2] >= 0.2


def test_where_a_better_one_leads_is_not_alike() -> None:
    found = ordered(SCORES, [(0, 1, 0.8)], leads=[(0, 1)])
    assert found[0] == [0, 1, 2]
    assert found[1] == pytest.approx(SCORES[:3])


def test_a_passage_leads_to_one_whose_title_it_names_but_not_to_one_of_its_own() -> None:
    notes = [
        note("Hebb taught Brenda Milner.", "Donald Hebb"),
        note("Milner studied memory.", "Brenda Milner"),
        note("Brenda Milner studied with Hebb again.", "Brenda Milner"),
    ]
    snapshot = snapshot_of(notes, HashEmbedder(48))
    texts = list(snapshot.passages.text)
    hebb, milner, again = (texts.index(one.text) for one in notes)
    passages = np.array([hebb, milner, again], dtype=np.int32)
    assert leads_among(snapshot.pairs, passages).tolist() == [
        [False, True, True],
        [False, False, False],
        [False, False, False],
    ]


def test_of_two_there_is_nothing_to_compare_with() -> None:
    cosines = np.ones((2, 2), dtype=np.float32)
    given = np.array([0.6, 0.4], dtype=np.float32)
    order, scores = reordered(given, cosines, cosines < 0, USUAL.variety, USUAL.alike)
    assert (order.tolist(), scores.tolist()) == ([0, 1], pytest.approx([0.6, 0.4]))


NOTES = [
    note("Hebb taught Milner about memory.", "Donald Hebb"),
    note("Hebb taught Milner about memory again.", "Donald Hebb"),
    note("Milner studied the temporal lobe.", "Brenda Milner"),
    note("The octopus has three hearts.", "Octopus"),
    note("McGill is in Montreal.", "McGill"),
    note("A river flows to York.", "York"),
    note("Snow fell on the hills.", "Snow"),
]


def test_the_same_five_are_found_and_any_number_begins_alike() -> None:
    embedder = HashEmbedder(48)
    snapshot = snapshot_of(NOTES, embedder)
    walk, plain = ConditionedWalk(snapshot), ConditionedWalk(snapshot, WalkConstants(variety=0))
    question = "What did Hebb teach Milner?"
    vectors = embedder.embed([text for text, _ in walk.texts(question)], "query")
    found = walk.rank(question, vectors, 7).passages.tolist()
    usual = plain.rank(question, vectors, 7).passages.tolist()
    assert found != usual
    assert set(found[:5]) == set(usual[:5])
    assert found[5:] == usual[5:]
    for count in range(1, 8):
        assert walk.rank(question, vectors, count).passages.tolist() == found[:count]
