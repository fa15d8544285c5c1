"""The reset vector, worked out by hand."""

from collections.abc import Sequence
from math import e

import numpy as np
import pytest

from retrieval.loops.best import best_of_each, best_rows
from retrieval.question import Clause, Link, Question
from retrieval.walk.base import Base
from retrieval.walk.constants import WalkConstants
from retrieval.walk.links import LinkBonus
from retrieval.walk.sources import Sources, sources
from tests.doubles.pairs import walkable
from tests.doubles.similarities import base_of

LINK = Link(surface="hebb", start=4, end=8)
TEXT = "Did Hebb teach whom I know?"


def question(*, links: Sequence[Link] = (), clauses: Sequence[Clause] = ()) -> Question:
    return Question(text=TEXT, links=tuple(links), entries=(), mask="", clauses=tuple(clauses))


def base(
    score: Sequence[float], *, clauses: Sequence[Sequence[float]] = (), bonus: float | None = None
) -> Base:
    """With a bonus, the link is named in passage 1; it is part of the score already."""
    passages = len(score)
    made = base_of(walkable(passages, []), [score, *clauses] if passages else [])
    links, given = made.links, made.bonuses
    if bonus is not None:
        links = (LinkBonus(link=LINK, entries=(0,), meanings=(), largest=bonus),)
        given = np.array([[bonus * (place == 1) for place in range(passages)]], dtype=np.float32)
    seen = *made.seen[:5], given, np.array(score, dtype=np.float32)
    return Base(links=links, sight=made.sight, seen=seen)


def clause(*surfaces: str) -> Clause:
    return Clause(text="whom I know", start=15, end=26, surfaces=surfaces)


def by_kind(found: Sources) -> dict[str, float]:
    return {one.kind: one.weight for one in found.each()}


def test_the_reset_is_a_sharp_softmax_of_the_base_score() -> None:
    scores = base([0.5, 0.4, 0.3])
    total = 1 + 1 / e + 1 / e**2
    found = sources(question(), scores, WalkConstants(temperature=0.1))
    assert found.reset == pytest.approx([1 / total, 1 / e / total, 1 / e**2 / total])


def test_only_the_best_passages_get_mass() -> None:
    scores = base([0.3, 0.5, 0.5, 0.1])
    found = sources(question(), scores, WalkConstants(pool=2))
    assert found.reset == pytest.approx([0, 0.5, 0.5, 0])


def test_a_clause_weighs_half_as_much_as_the_question() -> None:
    scores = base([0.5, -9], clauses=[[-9, 0.5]])
    found = sources(question(clauses=[clause()]), scores, WalkConstants(temperature=0.1))
    assert found.reset == pytest.approx([2 / 3, 1 / 3])
    assert by_kind(found) == pytest.approx({"question": 2 / 3, "clause": 1 / 3})


def test_a_name_weighs_by_its_largest_bonus() -> None:
    scores = base([0.5, -9], bonus=0.15)
    found = sources(question(links=[LINK]), scores, WalkConstants(temperature=0.1))
    assert by_kind(found) == pytest.approx({"question": 1 / 1.25, "link": 0.25 / 1.25})
    assert found.reset == pytest.approx([0.8, 0.2])
    assert [one.label for one in found.each()] == [TEXT, "Hebb"]


@pytest.mark.parametrize(("surfaces", "second"), [(["hebb"], e / (1 + e)), ([], 0.5)])
def test_a_clause_gets_the_bonuses_of_the_names_inside_it(
    surfaces: list[str], second: float
) -> None:
    found = sources(
        question(links=[LINK], clauses=[clause(*surfaces)]),
        base([0.5, 0.5], clauses=[[0.2, 0.2]], bonus=0.1),
        WalkConstants(temperature=0.1),
    )
    mass = next(one for one in found.each() if one.kind == "clause")
    at = dict(zip(mass.passages.tolist(), (mass.mass / mass.weight).tolist(), strict=True))
    assert at == pytest.approx({0: 1 - second, 1: second})


def test_an_empty_corpus_has_no_sources() -> None:
    found = sources(question(), base([]), WalkConstants())
    assert found.each() == ()
    assert found.reset.shape == (0,)


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
