"""The reset vector, worked out by hand."""

from collections.abc import Sequence
from math import e

import numpy as np
import pytest

from retrieval.loops import best
from retrieval.loops import sources as loops
from retrieval.question import Clause, Link, Question
from retrieval.walk.constants import WalkConstants
from retrieval.walk.links import LinkBonus
from retrieval.walk.sources import Source, Sources, inside, link_weights
from tests.doubles.loops import called

best_rows, best_of_each = called(best.best_rows), called(best.best_of_each)
spread_of = called(loops.spread_of)

LINK = Link(surface="hebb", start=4, end=8)
TEXT = "Did Hebb teach whom I know?"


def clause(*surfaces: str) -> Clause:
    return Clause(text="whom I know", start=15, end=26, surfaces=surfaces)


def sources(
    score: Sequence[float],
    *,
    bonus: float | None = None,
    clauses: Sequence[tuple[Clause, Sequence[float]]] = (),
    constants: WalkConstants | None = None,
) -> tuple[dict[str, Source], list[float]]:
    """By kind, and what each passage has of all; with a bonus, the link is named in passage 1: it
    is part of the score already. Clauses come with the similarities to them."""
    constants, count = constants or WalkConstants(temperature=0.1), len(score)
    links = (
        () if bonus is None else (LinkBonus(link=LINK, entries=(0,), meanings=(), largest=bonus),)
    )
    question = Question(
        text=TEXT,
        links=tuple(one.link for one in links),
        entries=(),
        mask="",
        clauses=tuple(one for one, _ in clauses),
    )
    given = [[one.largest * (place == 1) for place in range(count)] for one in links]
    spread, reset = spread_of(
        np.array(score, dtype=np.float32),
        np.array([score, *(near for _, near in clauses)], dtype=np.float32),
        np.array(given, dtype=np.float32).reshape(len(links), count),
        inside(question),
        constants.clause_weight,
        link_weights(links, constants),
        constants.pool,
        constants.temperature,
    )
    found = Sources(question=question, spread=spread).each()
    return {one.kind: one for one in found}, reset.tolist()


def test_the_reset_is_a_sharp_softmax_of_the_base_score() -> None:
    total = 1 + 1 / e + 1 / e**2
    _, reset = sources([0.5, 0.4, 0.3])
    assert reset == pytest.approx([1 / total, 1 / e / total, 1 / e**2 / total])


def test_only_the_best_passages_get_mass() -> None:
    _, reset = sources([0.3, 0.5, 0.5, 0.1], constants=WalkConstants(pool=2))
    assert reset == pytest.approx([0, 0.5, 0.5, 0])


def test_a_clause_weighs_half_as_much_as_the_question() -> None:
    found, reset = sources([0.5, -9], clauses=[(clause(), [-9, 0.5])])
    assert reset == pytest.approx([2 / 3, 1 / 3])
    assert {kind: one.weight for kind, one in found.items()} == pytest.approx(
        {"question": 2 / 3, "clause": 1 / 3}
    )


def test_a_name_weighs_by_its_largest_bonus() -> None:
    found, reset = sources([0.5, -9], bonus=0.15)
    assert {kind: one.weight for kind, one in found.items()} == pytest.approx(
        {"question": 1 / 1.25, "link": 0.25 / 1.25}
    )
    assert reset == pytest.approx([0.8, 0.2])
    assert [one.label for one in found.values()] == [TEXT, "Hebb"]


def test_a_name_that_gives_nothing_to_any_passage_is_no_source() -> None:
    found, reset = sources([0.5, 0.5], bonus=0.0)
    assert list(found) == ["question"]
    assert reset == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize(("surfaces", "second"), [(["hebb"], e / (1 + e)), ([], 0.5)])
def test_a_clause_gets_the_bonuses_of_the_names_inside_it(
    surfaces: list[str], second: float
) -> None:
    found, _ = sources([0.5, 0.5], bonus=0.1, clauses=[(clause(*surfaces), [0.2, 0.2])])
    mass = found["clause"]
    at = dict(zip(mass.passages.tolist(), (mass.mass / mass.weight).tolist(), strict=True))
    assert at == pytest.approx({0: 1 - second, 1: second})


def test_an_empty_corpus_has_no_sources() -> None:
    assert sources([]) == ({}, [])


@pytest.mark.parametrize(
    ("scores", "count", "rows"),
    [
        ([0.1, 0.3, 0.2], 2, [1, 2]),
        ([0.1, 0.3, 0.2], 9, [1, 2, 0]),
        ([0.2, 0.2, 0.2, 0.3], 2, [3, 0]),
        ([], 3, []),
    ],
)
def test_the_best_come_first_and_of_equals_the_lower(
    scores: list[float], count: int, rows: list[int]
) -> None:
    assert best_rows(np.array(scores, dtype=np.float32), count).tolist() == rows


@pytest.mark.parametrize(
    ("scores", "count", "columns"),
    [
        ([[0.1, 0.3, 0.2]], 2, [1, 2]),
        ([[0.1, 0.3, 0.2], [0.9, 0.1, 0.1]], 1, [0, 1]),
        ([[0.2, 0.2, 0.2, 0.3]], 2, [0, 3]),
        ([[0.1, 0.3]], 9, [0, 1]),
        ([[], []], 3, []),
        ([[0.1, 0.3]], 0, []),
    ],
)
def test_what_is_best_for_any_row_is_kept_and_of_equals_the_lower(
    scores: list[list[float]], count: int, columns: list[int]
) -> None:
    assert best_of_each(np.array(scores, dtype=np.float32), count).tolist() == columns


@pytest.mark.parametrize("size", [1e-30, 1e-7, 1.0, 1e30])
@pytest.mark.parametrize("far", [0.0, 1.0, -1e6, -np.inf, np.inf])
def test_the_best_are_found_however_scores_are_spread(size: float, far: float) -> None:
    """Close to each other, with one that is far from all others, without a bound."""
    scores = np.random.default_rng(7).normal(size=(2, 500)).astype(np.float32) * np.float32(size)
    scores[0, 99] = far
    for count in (1, 30, 499):
        rows = [np.argsort(-row, kind="stable")[:count] for row in scores]
        assert best_of_each(scores, count).tolist() == np.unique(rows).tolist()


def test_scores_that_are_no_numbers_do_no_harm() -> None:
    assert best_of_each(np.full((2, 300), np.nan, dtype=np.float32), 5).tolist() == []


@pytest.mark.parametrize("seed", range(5))
def test_the_best_of_each_row_are_those_of_sorting(seed: int) -> None:
    chance = np.random.default_rng(seed)
    scores = chance.integers(0, 40, (3, 200)).astype(np.float32)
    for count in (1, 7, 199, 200):
        rows = [np.argsort(-row, kind="stable")[:count] for row in scores]
        assert best_of_each(scores, count).tolist() == np.unique(rows).tolist()
