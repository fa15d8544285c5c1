"""`ammon why`, with a real store and real files; the models are doubles."""

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from server.cli import main
from tests.doubles.house import open_house

QUESTION = "Who coined the Engram that Karl Lashley sought?"

Ammon: TypeAlias = Callable[..., tuple[int, str, str]]
"""Runs a command; (exit code, standard output, standard error)."""


@pytest.fixture
def ammon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Ammon:
    """A collection of two documents."""
    monkeypatch.setenv("AMMON_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "semon.md").write_text("# Semon\n\nRichard Semon coined Engram.", encoding="utf-8")
    (notes / "lashley.txt").write_text("Karl Lashley sought the Engram.", encoding="utf-8")

    def run(*arguments: object) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments], opener=open_house)
        return code, *capfd.readouterr()

    run("ingest", notes)
    return run


def test_the_best_passage_is_told_of(ammon: Ammon) -> None:
    code, out, _ = ammon("why", QUESTION)
    assert code == 0
    assert "is ranked 1st (score 0." in out
    assert "directly, because the question names “Engram”" in out
    assert "«Karl Lashley sought the Engram.»" in out


def test_a_passage_is_given_by_rank_or_by_source(ammon: Ammon) -> None:
    _, by_source, _ = ammon("why", QUESTION, "semon.md")
    assert by_source.startswith("Semon is ranked 2nd")
    _, by_rank, _ = ammon("why", QUESTION, "2")
    assert by_rank == by_source


@pytest.mark.parametrize("rank", ["0", "9" * 20])
def test_what_is_no_rank_is_refused_as_such(ammon: Ammon, rank: str) -> None:
    code, _, err = ammon("why", QUESTION, rank)
    assert (code, f"{rank} is no rank: give one from 1" in " ".join(err.split())) == (1, True)


def test_a_picture_of_another_kind_than_svg_is_refused(ammon: Ammon, tmp_path: Path) -> None:
    code, _, err = ammon("why", QUESTION, "--picture", tmp_path / "why.png")
    assert (code, ".svg" in err) == (2, True)
    assert not (tmp_path / "why.png").exists()


def test_the_whole_answer_is_told_of(ammon: Ammon) -> None:
    _, out, _ = ammon("why", QUESTION, "2", "--answer")
    ranks = [line.split(" is ranked ")[1][:3] for line in out.splitlines() if " is ranked " in line]
    assert ranks == ["1st", "2nd"]


def test_a_rank_that_nothing_has_is_an_error(ammon: Ammon) -> None:
    code, _, err = ammon("why", QUESTION, "3")
    assert code == 1
    assert "no passage of rank 3" in err


def test_a_picture_is_written(ammon: Ammon, tmp_path: Path) -> None:
    file = tmp_path / "why.svg"
    code, out, _ = ammon("why", QUESTION, "--picture", file)
    assert code == 0
    assert ElementTree.parse(file).getroot().tag.endswith("svg")  # noqa: S314 - our own text
    assert str(file) in out


def test_a_picture_that_cannot_be_written_is_an_error(ammon: Ammon, tmp_path: Path) -> None:
    code, _, err = ammon("why", QUESTION, "--picture", tmp_path / "no" / "why.svg")
    assert code == 1
    assert "cannot be written" in err


def test_it_is_told_where_a_passage_would_be_without_a_name(ammon: Ammon) -> None:
    _, out, _ = ammon("why", QUESTION, "--without-entity", "Engram")
    assert "Without the name 'Engram'" in out


def test_a_passage_to_leave_out_is_given_by_rank_too(ammon: Ammon) -> None:
    _, out, _ = ammon("why", QUESTION, "2", "--without-passage", "1")
    assert "Semon would be 1st, not 2nd" in out


def test_in_json_there_are_receipts_and_the_counterfactual(ammon: Ammon) -> None:
    _, out, _ = ammon("why", QUESTION, "--json", "--without-entity", "Engram")
    found = json.loads(out)
    (receipt,) = found["receipts"]
    parts = [*receipt["direct"], *receipt["bridges"]]
    assert sum(part["amount"] for part in parts) == pytest.approx(receipt["score"], abs=1e-5)
    assert found["counterfactual"]["without"]["entity"] == "Engram"
    assert found["counterfactual"]["rank"] == 1


def test_two_things_cannot_be_left_out_at_once(ammon: Ammon) -> None:
    code, _, err = ammon("why", QUESTION, "--without-entity", "Engram", "--without-passage", "2")
    assert code == 1
    assert "one entity, one passage or one fact" in err


def test_a_collection_that_is_not_there_is_an_error(ammon: Ammon) -> None:
    code, _, err = ammon("why", QUESTION, "-c", "nobody")
    assert code == 1
    assert "nobody" in err


def test_the_help_has_an_example(ammon: Ammon) -> None:
    assert "ammon why" in ammon("why", "--help")[1].split("Example")[1]
