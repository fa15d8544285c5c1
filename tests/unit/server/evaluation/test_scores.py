"""Files of figures question by question, and comparing two runs."""

from pathlib import Path

import pytest

from kg.errors import InputError
from retrieval.metrics import Judged, Scores, score
from server.evaluation.scores import COMPARED, compare, read_scores, write_scores


def run(**ranked: str) -> list[Scores]:
    """A run's scores: question -> ranking; ids are letters, 'a' and 'b' are gold."""
    return score(
        [Judged(id=key, gold=frozenset("ab"), ranked=tuple(found)) for key, found in ranked.items()]
    )


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    scores = run(q1="axb", 问="", q3="xxxxxxab")
    write_scores(tmp_path / "scores.jsonl", scores)
    found = read_scores(tmp_path / "scores.jsonl")
    assert [one.id for one in found] == ["q1", "问", "q3"]
    assert [one.ranks for one in found] == [one.ranks for one in scores]
    for there, here in zip(found, scores, strict=True):
        assert there.values == here.values  # to the last bit


def test_runs_are_compared_question_by_question() -> None:
    ours, theirs = run(q1="ab", q2="ax", q3="ab"), run(q1="xa", q2="ax", q3="xx")
    differences = compare(ours, theirs)
    assert set(differences) == set(COMPARED)
    assert differences["recall@2"].mean == pytest.approx((50 + 0 + 100) / 3)
    assert differences["mrr"].mean == pytest.approx((50 + 0 + 100) / 3)
    assert (differences["recall@2"].low, differences["recall@2"].high) == (0.0, 100.0)


def test_a_run_compared_with_itself_has_no_differences() -> None:
    scores = run(q1="ab", q2="xa", q3="")
    assert all(
        found.mean == found.low == found.high == 0 for found in compare(scores, scores).values()
    )


@pytest.mark.parametrize("others", [run(q1="ab"), run(q2="ab", q1="ab"), run(q1="ab", q3="ab")])
def test_runs_of_other_questions_cannot_be_compared(others: list[Scores]) -> None:
    with pytest.raises(InputError, match="their questions differ"):
        compare(run(q1="ab", q2="ab"), others)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("no json", "Invalid JSON"),
        ('{"id": "q1"}', "ranks"),
        ('{"id": "q1", "ranks": {}, "mrr": "high"}', "mrr"),
        ('{"id": "q1", "ranks": {}, "mrr": 1}', r"lacks recall@1.*ammon eval … --per-question"),
    ],
)
def test_a_line_at_fault_is_named(tmp_path: Path, line: str, problem: str) -> None:
    path = tmp_path / "scores.jsonl"
    path.write_text(f"\n{line}\n", encoding="utf-8")
    with pytest.raises(InputError, match=rf"scores\.jsonl:2.*{problem}"):
        read_scores(path)


def test_a_file_that_cannot_be_read_or_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Cannot read .*missing\.jsonl"):
        read_scores(tmp_path / "missing.jsonl")
    with pytest.raises(InputError, match="Cannot write"):
        write_scores(tmp_path, [])
