"""`ammon query --questions`: several questions, one after another."""

import json
from pathlib import Path

import pytest

from tests.doubles.command_line import Ammon

QUESTIONS = ["Who coined Engram?", "何がエングラムですか?"]


@pytest.fixture
def ammon(ammon: Ammon, notes: Path) -> Ammon:
    """With a collection of two documents."""
    ammon("ingest", notes)
    return ammon


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A question a line, with blank lines between."""
    file = tmp_path / "questions.txt"
    file.write_text("\n\n".join(QUESTIONS), encoding="utf-8-sig")
    return file


def test_each_line_is_answered_as_by_itself(ammon: Ammon, file: Path) -> None:
    done = ammon("query", "--questions", file)
    alone = [ammon("query", question).out.rstrip("\n") for question in QUESTIONS]
    told = [f"Question: {question}\n\n" for question in QUESTIONS]
    assert done.out == told[0] + alone[0] + "\n\n" + told[1] + alone[1] + "\n"


def test_json_is_an_object_a_line(ammon: Ammon, file: Path) -> None:
    lines = ammon("query", "--questions", file, "--json").out.splitlines()
    assert [json.loads(line)["question"] for line in lines] == QUESTIONS


@pytest.fixture
def with_long(tmp_path: Path) -> Path:
    """The second of three questions, on line 3, is longer than a question may be."""
    file = tmp_path / "long.txt"
    file.write_text("\n".join([QUESTIONS[0], "", "x" * 10_001, QUESTIONS[1]]), encoding="utf-8")
    return file


def test_a_line_that_is_too_long_is_named_and_the_others_are_answered(
    ammon: Ammon, with_long: Path, file: Path
) -> None:
    done = ammon("query", "--questions", with_long)
    assert (done.code, done.out) == (1, ammon("query", "--questions", file).out)
    (line,) = done.err.splitlines()
    assert f"Line 3 of '{with_long}': The question has 10,001 characters" in line


def test_in_json_a_line_that_is_too_long_is_an_object_in_its_place(
    ammon: Ammon, with_long: Path
) -> None:
    done = ammon("query", "--questions", with_long, "--json")
    first, error, last = [json.loads(line) for line in done.out.splitlines()]
    assert [first["question"], last["question"]] == QUESTIONS
    assert error["error"]["type"] == "InputError"
    assert error["error"]["message"].startswith(f"Line 3 of '{with_long}': The question has 10,001")
    assert done.code == 1


def test_in_json_an_error_that_ends_the_command_is_an_object_on_a_line(
    ammon: Ammon, file: Path
) -> None:
    done = ammon("query", "--questions", file, "--json", "--rerank")
    (line,) = done.out.splitlines()
    assert (done.code, "AMMON_RERANK" in json.loads(line)["error"]["message"]) == (1, True)


def test_of_a_question_and_a_file_one_is_given(ammon: Ammon, file: Path) -> None:
    for given in (["Who?", "--questions", file], []):
        done = ammon("query", *given)
        assert (done.code, "either a QUESTION or a file" in done.err) == (2, True)


def test_a_file_that_cannot_be_read_is_named(ammon: Ammon, tmp_path: Path) -> None:
    assert ammon("query", "--questions", tmp_path / "none.txt").code == 2
    (tmp_path / "odd.txt").write_bytes(b"Who?\n\xff\xfe\n")
    done = ammon("query", "--questions", tmp_path / "odd.txt")
    assert (done.code, "odd.txt" in done.err, "UTF-8" in done.err) == (1, True, True)


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_an_empty_file_asks_nothing_and_says_so(
    ammon: Ammon, tmp_path: Path, options: list[str]
) -> None:
    (tmp_path / "none.txt").write_text("\n \n")
    done = ammon("query", "--questions", tmp_path / "none.txt", *options)
    assert (done.code, done.out) == (0, "")
    assert done.complaint.startswith("Warning: There is no question in")


def test_a_file_whose_only_line_is_refused_is_not_called_empty(
    ammon: Ammon, tmp_path: Path
) -> None:
    (tmp_path / "long.txt").write_text("x" * 10_001)
    assert "no question" not in ammon("query", "--questions", tmp_path / "long.txt").err
