"""Figures of rankings, worked out by hand."""

from math import log2

import pytest

from retrieval.metrics import NAMES, Judged, means, measure, score


def judged(gold: str, ranked: str) -> Judged:
    """Ids are single letters."""
    return Judged(gold=frozenset(gold), ranked=tuple(ranked))


def test_a_perfect_ranking_has_a_hundred_percent_of_all_but_recall_at_one() -> None:
    figures = measure([judged("ab", "abcdef")])
    assert figures.recall == {1: 50.0, 2: 100.0, 5: 100.0, 10: 100.0, 20: 100.0}
    assert figures.all_gold == {5: 100.0, 8: 100.0}
    assert (figures.ndcg_at_10, figures.mrr) == (100.0, 100.0)


def test_figures_follow_the_places_of_the_gold_passages() -> None:
    figures = measure([Judged(gold=frozenset("ab"), ranked=("x", "a", "y", "z", "w", "b"))])
    assert figures.recall == {1: 0.0, 2: 50.0, 5: 50.0, 10: 100.0, 20: 100.0}
    assert figures.all_gold == {5: 0.0, 8: 100.0}
    assert figures.mrr == 50.0
    ideal = 1 + 1 / log2(3)
    assert figures.ndcg_at_10 == round(100 * (1 / log2(3) + 1 / log2(7)) / ideal, 2)


def test_figures_are_means_over_questions() -> None:
    figures = measure([judged("a", "ab"), judged("a", "ba"), judged("a", "bc")])
    assert figures.questions == 3
    assert figures.recall[1] == pytest.approx(33.33)
    assert figures.recall[2] == pytest.approx(66.67)
    assert figures.mrr == 50.0


def test_a_passage_that_comes_twice_counts_at_its_first_place() -> None:
    assert measure([judged("ab", "aab")]) == measure([judged("ab", "ab")])


def test_a_question_without_results_counts_as_nothing_found() -> None:
    figures = measure([judged("a", ""), judged("a", "a")])
    assert (figures.questions, figures.recall[20], figures.mrr) == (2, 50.0, 50.0)
    assert figures.all_gold[5] == 50.0


def test_questions_without_gold_are_left_out() -> None:
    assert measure([judged("", "a"), judged("a", "a")]).questions == 1


@pytest.mark.parametrize("nothing", [[], [judged("", "a")]])
def test_without_questions_all_figures_are_zero(nothing: list[Judged]) -> None:
    figures = measure(nothing)
    assert (figures.questions, figures.recall[5], figures.ndcg_at_10, figures.mrr) == (0, 0, 0, 0)


def test_results_beyond_the_twentieth_place_do_not_count_for_recall() -> None:
    others = tuple(f"other {number}" for number in range(20))
    figures = measure([Judged(gold=frozenset("a"), ranked=(*others, "a"))])
    assert figures.recall[20] == 0.0
    assert figures.mrr == round(100 / 21, 2)


def test_ids_of_every_script_are_told_apart() -> None:
    figures = measure([Judged(gold=frozenset({"北京 1"}), ranked=("北京 2", "北京 1"))])
    assert figures.recall[1] == 0.0
    assert figures.recall[2] == 100.0


def test_a_question_has_figures_of_its_own_and_the_places_of_its_gold_passages() -> None:
    [found] = score([Judged(id="q1", gold=frozenset("abz"), ranked=tuple("xaaybc"))])
    assert found.id == "q1"
    assert found.ranks == {"a": 2, "b": 4, "z": None}
    assert found.values["recall@2"] == pytest.approx(100 / 3)
    assert found.values["recall@5"] == pytest.approx(200 / 3)
    assert (found.values["all_gold@5"], found.values["mrr"]) == (0.0, 50.0)
    assert set(found.values) == set(NAMES)


def test_questions_without_gold_have_no_figures() -> None:
    questions = [judged("", "a"), Judged(id="known", gold=frozenset("a"), ranked=("a",))]
    assert [one.id for one in score(questions)] == ["known"]


def test_the_figures_of_a_set_are_the_means_of_its_questions() -> None:
    questions = [judged("ab", "acb"), judged("a", "ba"), judged("abc", "xyz")]
    assert means(score(questions)) == measure(questions)
    assert means(score(questions)).recall[2] == pytest.approx((50 + 100 + 0) / 3, abs=0.01)
