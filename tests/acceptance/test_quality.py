"""Retrieval finds what it is held to (`bench/figures.json`): on the sample, in other scripts, and
on public data sets where they are at hand.

One test a data set, since all that is measured on one shares its index. Embeddings are kept between
runs; all else is made anew.
"""

from collections.abc import Callable
from functools import cache
from typing import TypeAlias

import pytest

from bench import figures

Measure: TypeAlias = Callable[[str], figures.Figures]

pytestmark = pytest.mark.timeout(1200)  # without kept embeddings the largest takes minutes


@pytest.fixture(scope="module")
def measure(tmp_path_factory: pytest.TempPathFactory) -> Measure:
    @cache
    def once(name: str) -> figures.Figures:
        chosen = figures.SETS[name]
        if not chosen.is_there:
            pytest.skip(f"{name} is not at hand: there is no {chosen.path} (EVAL_DATA names it)")
        return figures.measure(name, tmp_path_factory.mktemp(name))

    return once


@pytest.mark.parametrize("name", [name for name, one in figures.SETS.items() if one.in_tests])
def test_no_figure_falls_by_more_than_a_point(name: str, measure: Measure) -> None:
    assert figures.falls(measure(name), figures.stored()) == []


@pytest.mark.parametrize("script", ["zh", "ar", "ru"])
def test_in_other_scripts_the_walk_beats_dense_by_ten_points(script: str, measure: Measure) -> None:
    found = measure(script)
    walk, dense = (found[f"{script}, spacy, {mode}"]["recall@5"] for mode in ("ammon", "dense"))
    assert walk >= dense + 10
