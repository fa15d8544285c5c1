"""Files of figures question by question, and comparing two runs."""

import json
from pathlib import Path

import pytest

from kg.errors import InputError
from retrieval.metrics import NAMES, Judged, Scores, score
from server.evaluation.run import Report
from server.evaluation.scores import check_writable, compare, read_scores, write_scores

TEXTS = {"q1": "Who?", "问": "谁？", "q3": "When?"}


def report(scores: list[Scores]) -> Report:
    """Of a run with these scores; of the rest, what is written of it."""
    return Report(
        dataset="small",
        variant="",
        mode="dense",
        extractor="spacy",
        embedder="minilm",
        questions=len(scores),
        without_gold=0,
        passages=3,
        recall={},
        all_gold={},
        ndcg_at_10=0.0,
        mrr=0.0,
        intervals={},
        index_seconds=0.0,
        index_steps={},
        embedding_ms={},
        question_ms={},
        peak_rss_mb=0.0,
        failed_aids=0,
        scores=tuple(scores),
    )


def run(**ranked: str) -> list[Scores]:
    """A run's scores: question -> ranking; ids are letters, 'a' and 'b' are gold."""
    return score(
        [Judged(id=key, gold=frozenset("ab"), ranked=tuple(found)) for key, found in ranked.items()]
    )


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    scores = run(q1="axb", 问="", q3="xxxxxxab")
    write_scores(tmp_path / "scores.jsonl", report(scores), TEXTS)
    found = read_scores(tmp_path / "scores.jsonl")
    assert [one.id for one in found] == ["q1", "问", "q3"]
    assert [one.ranks for one in found] == [one.ranks for one in scores]
    for there, here in zip(found, scores, strict=True):
        assert there.values == here.values  # to the last bit


def test_runs_are_compared_question_by_question() -> None:
    ours, theirs = run(q1="ab", q2="ax", q3="ab"), run(q1="xa", q2="ax", q3="xx")
    differences = compare(ours, theirs)
    assert set(differences) == set(NAMES)
    assert differences["recall@2"].mean == pytest.approx((50 + 0 + 100) / 3)
    assert differences["mrr"].mean == pytest.approx((50 + 0 + 100) / 3)
    assert (differences["recall@2"].low, differences["recall@2"].high) == (None, None)


def test_a_run_compared_with_itself_has_no_differences() -> None:
    scores = run(**{f"q{number}": "xa" for number in range(10)})
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
        write_scores(tmp_path, report([]), TEXTS)
    with pytest.raises(InputError, match="Cannot write"):
        check_writable(tmp_path)


def test_a_line_tells_question_mode_and_embedder(tmp_path: Path) -> None:
    write_scores(tmp_path / "scores.jsonl", report(run(q1="ab")), TEXTS)
    row = json.loads((tmp_path / "scores.jsonl").read_text(encoding="utf-8"))
    assert (row["question"], row["mode"], row["embedder"]) == ("Who?", "dense", "minilm")


def test_to_look_whether_a_file_can_be_written_leaves_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "scores.jsonl").write_text("kept")
    check_writable(tmp_path / "scores.jsonl")
    assert (tmp_path / "scores.jsonl").read_text() == "kept"
