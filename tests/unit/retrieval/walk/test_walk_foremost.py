"""Where the walk hardly tells the best passages apart, the question says which is first."""

from collections.abc import Sequence

import numpy as np
import pytest

from inference.onnx import OnnxEmbedder
from retrieval.loops import foremost as loops
from retrieval.walk import ConditionedWalk, WalkConstants
from tests.doubles.corpus import Note, note, snapshot_of
from tests.doubles.loops import called

foremost = called(loops.foremost)


def first_of(scores: Sequence[float], base: Sequence[float], near: float = 0.75) -> int:
    """The row that goes first."""
    given = [np.array(one, dtype=np.float32) for one in (scores, base)]
    return foremost(given[0], given[1], near, WalkConstants().temperature)


def test_the_best_is_first_where_others_are_far_from_it() -> None:
    assert first_of([0.4, 0.2, 0.1], [0.3, 0.8, 0.9]) == 0


def test_a_near_one_that_fits_the_question_clearly_better_is_first() -> None:
    assert first_of([0.3, 0.28, 0.24], [0.3, 0.5, 0.3]) == 1


def test_it_is_enough_that_the_question_prefers_it_by_more_than_the_walk_prefers_the_other() -> (
    None
):
    assert first_of([0.4, 0.31], [0.3, 0.33]) == 1
    assert first_of([0.4, 0.31], [0.3, 0.32]) == 0


def test_none_but_the_second_goes_first_so_that_the_first_two_stay_the_same() -> None:
    assert first_of([0.3, 0.29, 0.28], [0.3, 0.3, 0.9]) == 0


def test_where_many_share_what_there_is_none_goes_before_the_best() -> None:
    assert first_of([0.16, 0.15, 0.14], [0.3, 0.4, 0.3]) == 1
    assert first_of([0.15, 0.14, 0.14], [0.3, 0.4, 0.3]) == 0


def test_where_none_may_go_first_none_does() -> None:
    assert first_of([0.4, 0.4], [0.3, 0.9]) == 1
    assert first_of([0.4, 0.4], [0.3, 0.9], near=2.0) == 0


@pytest.mark.parametrize("scores", [[], [0.9]])
def test_of_less_than_two_the_first_is_first(scores: Sequence[float]) -> None:
    assert first_of(scores, scores) == 0


SAILS = [
    note("At last Tomaso opened a sail loft in Whitby."),
    note("The carpenter Tomaso owed the baker for nine loaves."),
    note("Whitby has an abbey."),
]
LEASES = [
    note("Ruth Okoro signed the contract for the van on 9 March."),
    note("Keys are kept in Ghent. Ruth Okoro prefers coffee."),
    note("Ghent has canals."),
    note("Lars Holm painted the fence in August."),
    note("Lunch costs four euros."),
    note("August is the month of the village fair."),
]


@pytest.mark.parametrize(
    ("notes", "question", "answer"),
    [
        (SAILS, "Where did Tomaso open his sail loft?", 0),
        (SAILS, "What did Tomaso owe the baker for?", 1),
        (LEASES, "When was the contract for the van signed?", 0),
        (LEASES, "Who painted the fence?", 3),
    ],
)
def test_of_a_few_plain_notes_the_one_that_answers_is_first(
    notes: Sequence[Note], question: str, answer: int
) -> None:
    embedder = OnnxEmbedder(threads=1)
    snapshot = snapshot_of(notes, embedder)
    walk = ConditionedWalk(snapshot)
    vectors = embedder.embed([text for text, _ in walk.texts(question)], "query")
    found = walk.rank(question, vectors, len(notes))
    assert snapshot.passages.text[int(found.passages[0])] == notes[answer].text
