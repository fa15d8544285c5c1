"""How much the steps of a walk count, worked out by hand."""

import pytest

from kg.snapshot.tables import Float32Array
from retrieval.walk.constants import WalkConstants
from retrieval.walk.step import Step
from tests.doubles.pairs import walkable
from tests.doubles.seen import look
from tests.doubles.steps import steps


def taken(joined: float, *, moving: float = 0.5) -> tuple[tuple[Step, ...], Float32Array]:
    """Steps in a corpus where passages 0 and 1 share a name and 2 has none: so much of the mass
    is at 0, and the rest at 2."""
    snapshot = walkable(3, [{0: [0], 1: [0]}])
    constants = WalkConstants(
        staying=0.0, walked=1.0, step_weight=0.5, second_weight=0.2, second_from=1, moving=moving
    )
    return steps(look(snapshot), [joined, 0, 1 - joined], snapshot, constants)


@pytest.mark.parametrize("joined", [0.5, 0.75, 1.0])
def test_steps_that_move_enough_have_their_full_weights(joined: float) -> None:
    found, score = taken(joined)
    assert [step.share for step in found] == pytest.approx([0.8 * 0.5, 0.2])
    assert score[1] >= 0.4 * joined


def test_steps_that_move_half_of_enough_have_half_their_weights() -> None:
    found, score = taken(0.25)
    assert [step.share for step in found] == pytest.approx([0.9 * 0.25, 0.1])
    assert score == pytest.approx([0.9 * 0.75 * 0.25, 0.9 * 0.25 * 0.25, 0.9 * 0.75 * 0.75])


def test_where_nothing_moves_the_score_is_the_reset_vector() -> None:
    found, score = taken(0.0)
    assert [step.share for step in found] == [0.0]
    assert score.tolist() == [0.0, 0.0, 1.0]


def test_steps_can_be_told_to_count_however_little_moves() -> None:
    found, score = taken(0.25, moving=0.0)
    assert [step.share for step in found] == pytest.approx([0.4, 0.2])
    assert score == pytest.approx([0.4 * 0.25, 0.4 * 0.25, 0.4 * 0.75])
