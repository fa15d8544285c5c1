"""`ammon eval`: variants, figures question by question, and two runs compared; all real."""

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import structlog

from retrieval.metrics import NAMES
from retrieval.significance import Difference
from server.cli import main
from server.cli.evaluate import _print_differences

PASSAGES = [
    ("hebb", "Donald Hebb", "Donald Hebb taught at McGill. His pupil was Brenda Milner."),
    ("milner", "Brenda Milner", "Brenda Milner was born in Manchester. She studied memory."),
    ("cajal", "Cajal", "Cajal drew neurons in Madrid. He shared a prize with Golgi."),
]
QUESTION = "Where was the pupil of Donald Hebb born?"
GOLD: dict[str, list[str]] = {"q1": ["hebb"], "q2": [], "q3": []}

Evaluate: TypeAlias = Callable[..., tuple[int, str]]
"""Arguments -> exit code and output."""


def write(folder: Path, name: str, *rows: dict[str, Any]) -> None:
    (folder / name).write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")


def make_dataset(folder: Path) -> Path:
    folder.mkdir()
    rows = ({"id": key, "title": title, "text": text} for key, title, text in PASSAGES)
    write(folder, "corpus.jsonl", *rows)
    write(folder, "queries.jsonl", {"id": "q1", "question": QUESTION, "gold": ["hebb", "milner"]})
    openie = ({"id": key, "entities": [title]} for key, title, _ in PASSAGES)
    write(folder, "openie.jsonl", *openie)
    return folder


@pytest.fixture
def evaluate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Evaluate]:
    monkeypatch.setenv("AMMON_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    small = make_dataset(tmp_path / "small")

    def run(*arguments: object) -> tuple[int, str]:
        code = main(["eval", str(small), *map(str, arguments)])
        out, err = capfd.readouterr()
        return code, out if code == 0 else err

    yield run
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def test_a_report_names_data_set_and_mode(evaluate: Evaluate) -> None:
    code, out = evaluate("--extractor", "precomputed", "--mode", "dense")
    assert code == 0
    assert "small: 1 questions over 3 passages, mode dense, extractor precomputed" in out


@pytest.mark.parametrize(
    ("switches", "variant", "passages"),
    [
        (["--untitled"], "untitled", 3),
        (["--lower", "--untitled"], "untitled, lower", 3),
        (["--pieces", 1, "--extractor", "spacy"], "pieces-1", 6),
    ],
)
def test_a_report_names_the_variant(
    evaluate: Evaluate, switches: list[object], variant: str, passages: int
) -> None:
    _, out = evaluate("--extractor", "precomputed", "--json", *switches)
    report = json.loads(out)
    assert (report["variant"], report["passages"]) == (variant, passages)
    assert "scores" not in report


def test_other_corpora_join(evaluate: Evaluate, tmp_path: Path) -> None:
    other = make_dataset(tmp_path / "other")
    write(other, "corpus.jsonl", {"id": "new", "title": "Golgi", "text": "Golgi lived in Pavia."})
    write(other, "queries.jsonl")
    _, out = evaluate("--json", "--with", other)
    report = json.loads(out)
    assert (report["variant"], report["passages"], report["questions"]) == ("with-other", 4, 1)


def test_two_runs_are_compared(evaluate: Evaluate, tmp_path: Path) -> None:
    file = tmp_path / "bm25.jsonl"
    evaluate("--extractor", "precomputed", "--mode", "bm25", "--per-question", file)
    [row] = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    assert (row["id"], set(row["ranks"])) == ("q1", {"hebb", "milner"})
    arguments = ("--extractor", "precomputed", "--mode", "bm25", "--against", file)
    _, out = evaluate(*arguments, "--json")
    assert json.loads(out)["differences"]["recall@5"] == {"mean": 0.0, "low": None, "high": None}
    _, out = evaluate(*arguments)
    assert "95 % interval" in out


def test_a_run_that_is_missing_is_an_error_before_anything_is_measured(
    evaluate: Evaluate, tmp_path: Path
) -> None:
    code, err = evaluate("--against", tmp_path / "missing.jsonl")
    assert code == 1
    assert "Cannot read " in err
    assert "missing.jsonl" in err
    assert not (tmp_path / "data").exists()


def test_a_file_that_cannot_be_written_is_an_error_before_anything_is_measured(
    evaluate: Evaluate, tmp_path: Path
) -> None:
    code, err = evaluate("--per-question", tmp_path / "no" / "folder.jsonl")
    assert code == 1
    assert "Cannot write " in err
    assert not (tmp_path / "data").exists()


def test_figures_have_the_same_names_and_intervals_in_both_tables(
    evaluate: Evaluate, tmp_path: Path
) -> None:
    rows = ({"id": f"q{n}", "question": QUESTION, "gold": ["hebb"]} for n in range(10))
    write(tmp_path / "small", "queries.jsonl", *rows)
    arguments = ("--extractor", "precomputed", "--mode", "bm25")
    evaluate(*arguments, "--per-question", tmp_path / "bm25.jsonl")
    _, out = evaluate(*arguments, "--against", tmp_path / "bm25.jsonl")
    assert "100.0 … 100.0" in out
    for name in NAMES:
        assert sum(line.startswith(f"{name} ") for line in out.splitlines()) == 2


def test_a_data_set_is_not_overwritten(evaluate: Evaluate, tmp_path: Path) -> None:
    before = (tmp_path / "small" / "corpus.jsonl").read_bytes()
    code, err = evaluate("--convert", "musique", tmp_path / "musique.jsonl")
    assert code == 1
    assert "corpus.jsonl" in err
    assert "not overwritten" in err
    assert (tmp_path / "small" / "corpus.jsonl").read_bytes() == before


def test_questions_without_gold_passages_are_counted(tmp_path: Path, evaluate: Evaluate) -> None:
    rows = ({"id": key, "question": QUESTION, "gold": gold} for key, gold in GOLD.items())
    write(tmp_path / "small", "queries.jsonl", *rows)
    _, out = evaluate("--extractor", "precomputed", "--mode", "dense")
    assert "small: 1 questions over 3 passages" in out
    assert "and 2 questions without gold passages, not in the figures" in out


def test_a_difference_of_nothing_has_no_minus(capsys: pytest.CaptureFixture[str]) -> None:
    _print_differences({"mrr": Difference(mean=-1e-6, low=-2e-6, high=0.0)}, Path("a.jsonl"))
    out = capsys.readouterr().out
    assert "+0.0 … +0.0" in out
    assert "-0.0" not in out
