"""What retrieval is held to: the comparison, and the file."""

import json
from pathlib import Path

import pytest

from bench import figures

HELD_TO = {"small, spacy, ammon": {"recall@5": 86.5, "mrr": 94.0}}


def measured(**changes: float) -> dict[str, dict[str, float]]:
    names = {"recall": "recall@5"}
    changed = {names.get(name, name): value for name, value in changes.items()}
    return {"small, spacy, ammon": {"recall@5": 86.5, "mrr": 94.0, **changed}}


@pytest.mark.parametrize("value", [86.5, 85.5, 99.0])
def test_a_figure_may_fall_by_one_point(value: float) -> None:
    assert figures.falls(measured(recall=value), HELD_TO) == []


def test_a_figure_that_falls_by_more_is_named_with_what_it_was() -> None:
    [problem] = figures.falls(measured(recall=85.49), HELD_TO)
    assert problem.startswith("small, spacy, ammon: recall@5 fell from 86.50 to 85.49.")


def test_every_figure_that_falls_is_named() -> None:
    assert len(figures.falls(measured(recall=0.0, mrr=0.0), HELD_TO)) == 2


def test_a_figure_that_nothing_is_stored_for_is_named_with_the_command_that_stores_it() -> None:
    [problem] = figures.falls(measured(ndcg=50.0), HELD_TO)
    assert "no ndcg is stored" in problem
    assert "python -m bench.figures small --write" in problem
    assert len(figures.falls(measured(), {})) == 2


def test_a_stored_figure_that_was_not_measured_is_passed_over() -> None:
    assert figures.falls({}, HELD_TO) == []


def test_what_is_stored_takes_the_place_of_its_line_alone(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    figures.write({"b": {"mrr": 1.0}, "a": {"mrr": 2.0}}, path)
    figures.write({"b": {"mrr": 3.0}}, path)
    assert json.loads(path.read_text()) == {"a": {"mrr": 2.0}, "b": {"mrr": 3.0}}
    assert len(path.read_text().splitlines()) == 4


def test_all_that_is_measured_is_stored_and_nothing_else() -> None:
    expected = {
        f"{name}, {extractor}, {mode}"
        for name, one in figures.SETS.items()
        for extractor, modes in one.runs.items()
        for mode in modes
    }
    assert expected == set(figures.stored())


def test_the_folder_of_data_sets_can_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVAL_DATA", str(tmp_path))
    musique = figures.SETS["musique"]
    assert musique.path == tmp_path / "musique"
    assert not musique.is_there
    assert figures.SETS["sample"].is_there


def test_an_unknown_set_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        figures.main(["squad"])
    assert "no set squad; there are musique" in capsys.readouterr().err
