"""One step of the walk, worked out by hand."""

from collections.abc import Sequence
from math import e, log, sqrt

import pytest

from kg.snapshot import Snapshot
from retrieval.walk.constants import WalkConstants
from retrieval.walk.step import Step
from tests.doubles.pairs import walkable
from tests.doubles.seen import look
from tests.doubles.steps import steps


def step(
    snapshot: Snapshot,
    reset: Sequence[float],
    *,
    base: Sequence[float] | None = None,
    relevance: Sequence[float] | None = None,
    excluded: Sequence[int] = (),
    limit: int = 20,
    staying: float = 0.0,
) -> Step:
    """With base scores and relevance of 0 unless given; all moves on unless `staying`."""
    constants = WalkConstants(temperature=0.1, staying=staying)
    looked = look(snapshot, [base] if base else (), relevance or ())
    found, _ = steps(looked, reset, snapshot, constants, excluded, limit)
    return found[0]


def test_a_step_goes_to_the_other_passages_of_a_name_alike_if_they_fit_alike() -> None:
    found = step(walkable(4, [{0: [0], 1: [0], 2: [0]}]), [1, 0, 0, 0])
    assert found.arrivals == pytest.approx([0, 0.5, 0.5, 0])
    assert (found.bridges.tolist(), found.flow.tolist()) == ([0], [1.0])


def test_two_sources_send_to_each_other() -> None:
    found = step(walkable(2, [{0: [0], 1: [0]}]), [0.75, 0.25])
    assert found.arrivals == pytest.approx([0.25, 0.75])


@pytest.mark.parametrize("by", ["base", "relevance"])
def test_a_fifth_of_fitness_is_an_e_fold_of_weight(by: str) -> None:
    fitness = [0.0, 0.2, 0.0]
    found = step(
        walkable(3, [{0: [0], 1: [0], 2: [0]}]),
        [1, 0, 0],
        base=fitness if by == "base" else None,
        relevance=fitness if by == "relevance" else None,
    )
    assert found.arrivals == pytest.approx([0, e / (e + 1), 1 / (e + 1)])


def test_the_passage_that_the_bridge_is_the_title_of_gets_e_squared_the_weight() -> None:
    snapshot = walkable(3, [{0: [0], 1: [0], 2: [0]}], titles=[(0, 2)])
    found = step(snapshot, [1, 0, 0])
    assert found.arrivals == pytest.approx([0, 1 / (e**2 + 1), e**2 / (e**2 + 1)])


def test_a_bridge_is_taken_by_its_idf_and_the_root_of_where_it_leads() -> None:
    snapshot = walkable(4, [{0: [0], 1: [0], 2: [0]}, {0: [0], 3: [0]}])
    wide, narrow = log(1 + 4 / 3) / log(5) * sqrt(2), log(3) / log(5)
    found = step(snapshot, [1, 0, 0, 0])
    assert found.flow == pytest.approx([wide / (wide + narrow), narrow / (wide + narrow)])
    assert found.arrivals[1:3] == pytest.approx([found.flow[0] / 2] * 2)


def test_a_weak_bridge_is_taken_half_as_much_from_where_it_is_weak() -> None:
    entries = [{0: [0], 1: [0]}, {0: [0], 2: [0]}]
    assert step(walkable(3, entries, weak=[(0, 0)]), [1, 0, 0]).flow == pytest.approx(
        [1 / 3, 2 / 3]
    )
    assert step(walkable(3, entries, weak=[(0, 1)]), [1, 0, 0]).flow == pytest.approx([0.5, 0.5])


def test_the_step_does_not_go_over_names_of_the_question() -> None:
    snapshot = walkable(3, [{0: [0], 1: [0]}, {0: [0], 2: [0]}])
    assert step(snapshot, [1, 0, 0], excluded=[0]).arrivals == pytest.approx([0, 0, 1])


def test_what_finds_no_bridge_arrives_nowhere() -> None:
    snapshot = walkable(3, [{0: [0], 1: [0]}, {2: [0]}])
    found = step(snapshot, [0.25, 0, 0.75])
    assert found.arrivals == pytest.approx([0, 0.25, 0])


@pytest.mark.parametrize("excluded", [[0], []])
def test_without_any_bridge_nothing_moves(excluded: list[int]) -> None:
    entries = [{0: [0], 1: [0]}] if excluded else [{0: [0]}]
    found = step(walkable(2, entries), [0.5, 0.5], excluded=excluded)
    assert found.arrivals.tolist() == [0.0, 0.0]
    assert (len(found.bridges), len(found.flow)) == (0, 0)


def test_an_empty_corpus_has_no_step() -> None:
    assert len(step(walkable(0, []), []).arrivals) == 0


def test_a_source_that_its_hub_was_cut_from_sends_to_what_is_left() -> None:
    hub = walkable(4, [{p: [0] for p in range(4)}])
    assert step(hub, [0, 0, 0, 1], limit=2).arrivals == pytest.approx([0.5, 0.5, 0, 0])


def test_a_hub_that_is_cut_to_the_source_alone_leads_nowhere() -> None:
    hub = walkable(3, [{p: [0] for p in range(3)}])
    assert step(hub, [1, 0, 0], limit=1).arrivals.tolist() == [0.0, 0.0, 0.0]


def test_only_the_sentences_that_name_the_bridge_tell_how_it_fits() -> None:
    snapshot = walkable(3, [{0: [0], 1: [1], 2: [0]}], sentences=2)
    found = step(snapshot, [1, 0, 0], relevance=[0, 0, 0.9, 0, 0.2, 0.9])
    assert found.arrivals == pytest.approx([0, 1 / (e + 1), e / (e + 1)])


def test_what_fits_as_well_as_where_it_could_go_stays_by_the_given_share() -> None:
    found = step(walkable(2, [{0: [0], 1: [0]}]), [1, 0], staying=0.5)
    rare = log(2) / log(3)
    assert found.arrivals == pytest.approx([0, rare / (rare + 0.5)])
    assert found.flow == pytest.approx(found.arrivals[1:])


def test_where_all_moves_on_how_well_a_passage_itself_fits_is_nothing_however_large() -> None:
    snapshot = walkable(2, [{0: [0], 1: [0]}], sentences=2)
    found = step(snapshot, [1, 0], relevance=[0, 400, 0, 0], staying=0)
    assert found.arrivals == pytest.approx([0, 1])


@pytest.mark.parametrize("by", ["base", "relevance"])
def test_what_fits_better_than_where_it_could_go_stays_more(by: str) -> None:
    fitness = [0.4, 0.0]
    found = step(
        walkable(2, [{0: [0], 1: [0]}]),
        [1, 0],
        base=fitness if by == "base" else None,
        relevance=fitness if by == "relevance" else None,
        staying=0.5,
    )
    rare = log(2) / log(3)
    assert found.arrivals == pytest.approx([0, rare / (rare + 0.5 * e)])


def test_all_sentences_tell_how_a_passage_itself_fits() -> None:
    snapshot = walkable(2, [{0: [0], 1: [0]}], sentences=2)
    found = step(snapshot, [1, 0], relevance=[0, 0.4, 0, 0], staying=0.5)
    rare = log(2) / log(3)
    assert found.arrivals == pytest.approx([0, rare / (rare + 0.5 * e)])


def test_passages_stay_each_by_their_own_fit() -> None:
    snapshot = walkable(4, [{0: [0], 1: [0]}, {2: [0], 3: [0]}])
    found = step(snapshot, [0.5, 0, 0.5, 0], base=[0.4, 0, 0, 0], staying=0.5)
    rare = log(3) / log(5)
    assert found.arrivals == pytest.approx(
        [0, 0.5 * rare / (rare + 0.5 * e), 0, 0.5 * rare / (rare + 0.5)]
    )
