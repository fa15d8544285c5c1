"""A command that is given what it cannot use says so in a line, before anything is measured."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from bench import (
    batch,
    corpus,
    embedding,
    hipporag2,
    increment,
    index,
    parity,
    store,
    swap,
    walk,
)
from bench import open as opening
from bench.options import launch
from kg.errors import InputError

_ASKING = (walk, hipporag2, embedding, batch)


@pytest.fixture
def refusal(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What a command says that ends before it measures."""

    def told(main: Callable[[list[str]], object], *arguments: object) -> str:
        with pytest.raises(SystemExit) as ended:
            launch(lambda: main([str(one) for one in arguments]))
        said = capsys.readouterr()
        assert said.out == ""
        return said.err if ended.value.code == 2 else str(ended.value.code)

    return told


@pytest.fixture
def snapshots(tmp_path: Path) -> Path:
    """A folder that looks like one of snapshots."""
    folder = tmp_path / "snapshots"
    folder.mkdir()
    (folder / "CURRENT").write_text("r0000000001-aaaaaaaa", encoding="utf-8")
    return folder


@pytest.mark.parametrize("command", _ASKING, ids=lambda one: one.__name__)
def test_a_folder_without_snapshots_is_named(
    command: ModuleType, tmp_path: Path, refusal: Callable[..., str]
) -> None:
    told = refusal(command.main, "--snapshot", tmp_path)
    assert f"--snapshot: '{tmp_path}' has no file CURRENT: name the folder that has it" in told


@pytest.mark.parametrize("command", _ASKING, ids=lambda one: one.__name__)
def test_a_snapshot_and_its_questions_are_named_together(
    command: ModuleType, snapshots: Path, refusal: Callable[..., str]
) -> None:
    main = command.main
    assert "--snapshot needs --queries" in refusal(main, "--snapshot", snapshots)
    queries = snapshots / "queries.jsonl"
    assert "there is no file" in refusal(main, "--queries", queries)
    queries.write_text('{"question": "Who?"}\n', encoding="utf-8")
    assert "--queries needs --snapshot" in refusal(main, "--queries", queries)


@pytest.mark.parametrize("command", _ASKING, ids=lambda one: one.__name__)
def test_a_line_of_questions_that_cannot_be_read_is_named(
    command: ModuleType, snapshots: Path, refusal: Callable[..., str]
) -> None:
    main = command.main
    queries = snapshots / "queries.jsonl"
    queries.write_text('{"question": "Who?"}\n{"asked": 1}\n', encoding="utf-8")
    arguments = "--snapshot", snapshots, "--queries", queries
    assert f"{queries}:2: question: Field required" in refusal(main, *arguments)
    queries.write_text("\n", encoding="utf-8")
    assert f"{queries} holds no questions" in refusal(main, *arguments)


def test_a_current_snapshot_that_is_not_there_is_told_with_the_remedy(
    snapshots: Path, refusal: Callable[..., str]
) -> None:
    queries = snapshots / "queries.jsonl"
    queries.write_text('{"question": "Who?"}\n', encoding="utf-8")
    told = refusal(embedding.main, "--snapshot", snapshots, "--queries", queries)
    assert "ammon rebuild --collection" in told


@pytest.mark.parametrize(
    "command", [index, increment, parity, swap], ids=lambda one: str(one.__name__)
)
def test_a_folder_that_is_no_data_set_is_named(
    command: ModuleType, tmp_path: Path, refusal: Callable[..., str]
) -> None:
    told = refusal(command.main, tmp_path)
    assert f"data: '{tmp_path}' has no queries.jsonl: name the folder of a data set" in told


@pytest.mark.parametrize(
    ("main", "arguments", "said"),
    [
        (corpus.main, ["--passages", "0"], "--passages: '0' is not a whole number of at least 12"),
        (corpus.main, ["--seed", "-1"], "--seed: '-1' is not a whole number of at least 0"),
        (walk.main, ["--questions", "0"], "--questions: '0' is not a whole number of at least 1"),
        (walk.main, ["--against", "none.json"], "--against: there is no file 'none.json'"),
        (walk.main, ["--save", "no/such.json"], "--save: there is no folder 'no'"),
        (hipporag2.main, ["--repeat", "0"], "--repeat: '0' is not a whole number of at least 1"),
        (batch.main, ["--clients", "4", "x"], "--clients: 'x' is not a whole number of at least 1"),
        (
            embedding.main,
            ["--threads", "-2"],
            "--threads: '-2' is not a whole number of at least 0",
        ),
        (opening.main, ["--mode", "best"], "--mode: invalid choice: 'best'"),
        (store.main, ["--commit", "0"], "--commit: '0' is not a whole number of at least 1"),
        (index.main, ["bench/sample", "--add", "100"], "--add: '100' is not below 100"),
        (increment.main, ["bench/sample", "--add", "nan"], "--add: 'nan' is not a number above 0"),
        (index.main, ["bench/sample", "--extractor", "x"], "--extractor: invalid choice: 'x'"),
        (swap.main, ["bench/sample", "--rate", "0"], "--rate: '0' is not a number above 0"),
    ],
)
def test_a_value_that_makes_no_sense_is_named(
    main: Callable[[list[str]], object],
    arguments: list[str],
    said: str,
    refusal: Callable[..., str],
) -> None:
    assert said in refusal(main, *arguments)


def test_a_file_in_place_of_a_folder_is_named(tmp_path: Path, refusal: Callable[..., str]) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"")
    assert "--folder: there can be no folder" in refusal(corpus.main, "--folder", file / "below")


def test_what_is_compared_with_is_what_was_saved(
    tmp_path: Path, refusal: Callable[..., str]
) -> None:
    for content in ("nothing", json.dumps(["a"])):
        (tmp_path / "top.json").write_text(content, encoding="utf-8")
        told = refusal(walk.main, "--against", tmp_path / "top.json")
        assert "holds no JSON object: name what was saved" in told


@pytest.mark.parametrize("command", [index, increment], ids=lambda one: str(one.__name__))
def test_what_is_added_leaves_something_to_add_to(
    command: ModuleType, refusal: Callable[..., str]
) -> None:
    told = refusal(command.main, "bench/sample", "--documents", 2, "--add", 99)
    assert told == "99 % of sample leaves nothing of its 2 documents."


def test_more_batches_than_there_are_documents_for_are_refused(
    refusal: Callable[..., str],
) -> None:
    told = refusal(swap.main, "bench/sample", "--rounds", 9, "--batches", 9, "--batch", 9)
    assert told.startswith("9 rounds of 9 batches of 9 are 405 documents for each server, and")


def test_triples_that_a_data_set_lacks_are_not_read(refusal: Callable[..., str]) -> None:
    told = refusal(index.main, "bench/sample", "--extractor", "precomputed")
    assert told == "sample has no openie.jsonl, which --extractor precomputed reads."
    assert "--precomputed reads" in refusal(swap.main, "bench/sample", "--precomputed")


def test_what_is_not_expected_keeps_its_traceback() -> None:
    def broken() -> None:
        raise ZeroDivisionError

    def wrong() -> None:
        raise InputError("The input is wrong.")

    with pytest.raises(ZeroDivisionError):
        launch(broken)
    with pytest.raises(SystemExit, match="The input is wrong"):
        launch(wrong)
