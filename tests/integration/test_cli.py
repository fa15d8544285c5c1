"""The command line, with a real store and real files; the models are doubles."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import networkx as nx
import pytest

from server.cli import main
from server.http.routers.query import AnswerOut
from tests.doubles.command_line import Ammon


def test_a_replaced_document_is_named(ammon: Ammon, notes: Path, tmp_path: Path) -> None:
    ammon("ingest", notes)
    other = tmp_path / "other" / "lashley.txt"
    other.parent.mkdir()
    other.write_text("Another text under the same name.", encoding="utf-8")
    done = ammon("ingest", other)
    assert "Replaced: lashley.txt" in done.out


def test_a_prefix_tells_files_of_one_name_apart(ammon: Ammon, notes: Path, tmp_path: Path) -> None:
    ammon("ingest", notes)
    other = tmp_path / "other" / "lashley.txt"
    other.parent.mkdir()
    other.write_text("Another text under the same name.", encoding="utf-8")
    told = ammon("ingest", other, "--prefix", "other/", "--json").json
    assert (told["new"], told["replaced"], told["documents"]) == (1, [], 3)


def test_texts_cannot_steer_the_terminal(ammon: Ammon, tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    steering = "\x1b[31m", "\x1b[0m", "\u202e"
    text = "Karl Lashley {}sought{} the{} Engram.".format(*steering)
    note.write_text(text, encoding="utf-8")
    ammon("ingest", note)
    shown = ammon("query", "Who sought the Engram?").out
    assert "Karl Lashley" in shown
    assert not [mark for mark in steering if mark in shown]


def test_ingesting_ends_with_a_summary(ammon: Ammon, notes: Path) -> None:
    done = ammon("ingest", notes)
    assert done.code == 0
    assert "2 new, 0 changed, 0 unchanged, 0 failed" in done.out
    assert "Collection 'default': 2 documents, 2 passages" in done.out


def test_ingesting_again_changes_nothing(ammon: Ammon, notes: Path) -> None:
    ammon("ingest", notes)
    done = ammon("ingest", notes, "--json").json
    assert (done["new"], done["changed"], done["unchanged"]) == (0, 0, 2)


def test_an_empty_file_in_a_folder_is_named_and_costs_no_exit_code(
    ammon: Ammon, notes: Path
) -> None:
    (notes / "nothing.md").write_bytes(b"")
    done = ammon("ingest", notes)
    assert done.code == 0
    assert "Empty, skipped: nothing.md" in done.out
    assert "2 new, 0 changed, 0 unchanged, 0 failed, 1 empty skipped" in done.out
    assert ammon("ingest", notes / "nothing.md").code == 1


def test_a_broken_file_is_named_with_the_reason_and_costs_the_exit_code(
    ammon: Ammon, notes: Path
) -> None:
    (notes / "broken.docx").write_bytes(b"rubbish")
    done = ammon("ingest", notes, notes.parent / "missing.txt")
    assert done.code == 1
    assert "Error: 'broken.docx'" in done.err
    assert "missing.txt" in done.err
    assert "2 new, 0 changed, 0 unchanged, 2 failed" in done.out


def test_an_empty_path_is_not_the_working_directory(ammon: Ammon) -> None:
    done = ammon("ingest", "")
    assert done.code == 2
    assert "PATH is empty" in done.err


def test_an_empty_name_is_not_the_default_collection(ammon: Ammon, notes: Path) -> None:
    done = ammon("ingest", notes, "-c", "")
    assert done.code == 2
    assert "name is empty" in done.err


def test_few_failures_of_one_file_are_told_one_by_one(ammon: Ammon, tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text("not json\n" * 1205, encoding="utf-8")
    done = ammon("ingest", tmp_path / "bad.jsonl")
    assert "… and 1,200 more in bad.jsonl" in done.err
    assert len(done.err.splitlines()) < 10
    told = ammon("ingest", tmp_path / "bad.jsonl", "--json").json
    assert len(told["failed"]) == 1205


def test_failures_are_in_the_json_too(ammon: Ammon, notes: Path) -> None:
    (notes / "broken.docx").write_bytes(b"rubbish")
    done = ammon("ingest", notes, "--json")
    assert done.code == 1
    assert [failure["source"] for failure in done.json["failed"]] == ["broken.docx"]


def test_a_question_gets_passages_and_what_to_try_next(ammon: Ammon, notes: Path) -> None:
    ammon("ingest", notes)
    done = ammon("query", "Who coined Engram?", "--mode", "bm25", "-k", "1")
    assert done.code == 0
    assert " 1  Semon — semon.md" in done.out
    assert "Richard Semon coined Engram." in done.out
    assert "Try next" in done.out


def test_a_number_of_passages_is_refused_in_the_words_of_the_python_api(ammon: Ammon) -> None:
    done = ammon("query", "Who coined Engram?", "-k", "0")
    assert done.code == 2
    assert "k must be 1 or more, not 0." in done.err


def test_a_question_in_json_is_the_whole_retrieval(ammon: Ammon, notes: Path) -> None:
    ammon("ingest", notes)
    found = ammon("query", "Who coined Engram?", "--mode", "bm25", "--json").json
    assert found["mode"] == "bm25"
    assert found["hits"][0]["citations"][0]["source"] == "semon.md"
    assert set(found["explanation"]) == {"entities", "facts", "clauses"}
    assert found.keys() == AnswerOut.model_fields.keys(), "the same as over HTTP"


def test_an_aid_that_no_setting_names_is_refused_with_the_remedy(ammon: Ammon, notes: Path) -> None:
    ammon("ingest", notes)
    for option, remedy in (
        ("--bridges", "AMMON_LLM_MODEL"),
        ("--recognition", "AMMON_LLM_MODEL"),
        ("--rerank", "AMMON_RERANKER"),
    ):
        done = ammon("query", "Who coined Engram?", option)
        assert (done.code, done.out) == (1, "")
        assert remedy in done.err


def test_explaining_tells_mode_and_times(ammon: Ammon, notes: Path) -> None:
    ammon("ingest", notes)
    done = ammon("query", "Who coined Engram?", "--explain")
    assert "Mode ammon, revision" in done.out
    assert "retrieval" in done.out


def test_a_folder_is_no_file_to_export_to(ammon: Ammon, notes: Path) -> None:
    ammon("ingest", notes)
    done = ammon("export", "-o", notes)
    assert done.code == 2
    assert "is a folder" in done.complaint


def test_no_folder_is_made_to_export_to(ammon: Ammon, notes: Path, tmp_path: Path) -> None:
    ammon("ingest", notes)
    done = ammon("export", "-o", tmp_path / "gone" / "graph.jsonl")
    assert done.code == 1
    assert f"Cannot write the graph to '{tmp_path / 'gone' / 'graph.jsonl'}'" in done.complaint
    assert not (tmp_path / "gone").exists()


def test_a_path_that_is_not_there_is_named_as_it_was_given(ammon: Ammon, tmp_path: Path) -> None:
    missing = tmp_path / "gone" / "note.md"
    assert f"Error: Cannot read '{missing}'" in ammon("ingest", missing).complaint


def test_the_version_is_told(ammon: Ammon) -> None:
    assert ammon("--version").out == f"ammon {version('ammon')}\n"


def test_a_note_comes_before_what_led_there(ammon: Ammon, notes: Path) -> None:
    ammon("ingest", notes, "-c", "papers")
    told = ammon("query", "sought?", "-c", "papers").out
    assert told.index("No name in the question") < told.index("What led there")


def test_every_tip_names_the_collection(ammon: Ammon, notes: Path) -> None:
    ammon("ingest", notes, "-c", "papers")
    tips = ammon("query", "What did Karl Lashley seek?", "-c", "papers").out.partition("Try next")
    assert all("--collection 'papers'" in tip for tip in tips[2].split("\n") if tip)


def test_status_shows_what_is_there(ammon: Ammon, notes: Path) -> None:
    assert "no collections yet" in ammon("status").out
    ammon("ingest", notes, "-c", "память")
    assert "up to date" in ammon("status").out
    (found,) = ammon("status", "--json").json["collections"]
    assert found["name"] == "память"
    assert found["counts"]["documents"] == 2
    assert found["current"]


def test_a_document_is_deleted_and_no_longer_found(ammon: Ammon, notes: Path) -> None:
    ammon("ingest", notes)
    done = ammon("delete", "semon.md", "--json")
    assert done.code == 0
    assert len(done.json["deleted"]) == 1
    found = ammon("query", "Who coined Engram?", "--mode", "bm25", "--json").json
    assert [hit["citations"][0]["source"] for hit in found["hits"]] == ["lashley.txt"]


def test_deleting_nothing_is_a_mistake(ammon: Ammon) -> None:
    assert ammon("delete").code == 2


def test_a_collection_is_deleted_only_when_confirmed(
    ammon: Ammon, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ammon("ingest", notes, "-c", "papers")
    monkeypatch.setattr("typer.confirm", _refuse)
    assert ammon("delete", "-c", "papers").code == 1
    assert len(ammon("status", "--json").json["collections"]) == 1
    assert ammon("delete", "-c", "papers", "--yes").code == 0
    assert ammon("status", "--json").json["collections"] == []


def _refuse(*_: object, **__: object) -> None:
    import typer

    raise typer.Abort


def test_export_writes_graphml_and_jsonl(ammon: Ammon, notes: Path, tmp_path: Path) -> None:
    ammon("ingest", notes)
    file = tmp_path / "graph.graphml"
    assert ammon("export", "--format", "graphml", "-o", file).code == 0
    assert nx.read_graphml(file).number_of_nodes() > 4
    kinds = [json.loads(line)["kind"] for line in ammon("export").out.splitlines()]
    assert kinds.count("document") == 2


def test_rebuild_says_when_there_is_nothing_to_do(ammon: Ammon, notes: Path) -> None:
    ammon("ingest", notes)
    done = ammon("rebuild", "--json").json
    assert not done["rebuilt"]
    assert "intact and up to date" in ammon("rebuild").out


def test_reindexing_takes_other_settings(ammon: Ammon, notes: Path) -> None:
    ammon("ingest", notes)
    done = ammon("reindex", "--passage-tokens", "32", "--json").json
    assert done["documents"] == 2
    assert done["settings"]["max_tokens"] == 32
    assert ammon("status", "--json").json["collections"][0]["current"]


def test_ingesting_with_other_settings_is_refused(ammon: Ammon, notes: Path) -> None:
    ammon("ingest", notes)
    done = ammon("ingest", notes, "--passage-tokens", "32", "--json")
    assert done.code == 1
    assert done.json["error"]["type"] == "SettingsConflict"


def test_config_shows_values_origins_and_documentation(ammon: Ammon, tmp_path: Path) -> None:
    rows = {row["name"]: row for row in ammon("config", "--json").json["settings"]}
    assert rows["data_dir"]["value"] == str(tmp_path / "data")
    assert rows["data_dir"]["origin"] == "environment (AMMON_DATA_DIR)"
    assert rows["port"]["origin"] == "default"
    assert "port = 8321   [default]" in ammon("config").out


def test_a_mistyped_variable_is_warned_of(ammon: Ammon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMMON_DATADIR", "/somewhere")
    assert "Did you mean AMMON_DATA_DIR?" in ammon("config").err


def test_an_error_is_one_line_without_a_traceback(ammon: Ammon) -> None:
    done = ammon("query", "Who?", "-c", "nobody")
    assert done.code == 1
    assert done.out == ""
    assert done.err.count("\n") == 1
    assert done.err.startswith("Error: There is no collection 'nobody'")


def test_an_error_in_json_is_one_object(ammon: Ammon) -> None:
    done = ammon("query", "Who?", "-c", "nobody", "--json")
    assert done.code == 1
    assert done.json["error"]["type"] == "CollectionNotFound"
    assert "nobody" in done.json["error"]["message"]


def test_a_wrong_command_line_has_exit_code_2(ammon: Ammon) -> None:
    assert ammon("query").code == 2
    done = ammon("query", "--json", "--nonsense")
    assert done.code == 2
    assert done.json["error"] == {"type": "Usage", "message": "No such option: --nonsense"}
    assert "QUESTION" in ammon("query", "--json").json["error"]["message"].upper()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["query", "Who?", "--k", "0"], "k must be 1 or more"),
        (["query", "Who?", "--mode", "Foo"], "Unknown retrieval mode 'Foo'"),
        (["why", "Who?", "--mode", "Foo"], "Unknown retrieval mode 'Foo'"),
        (["eval", "bench/sample", "--mode", "Foo"], "Unknown retrieval mode 'Foo'"),
        (["eval", "bench/sample", "--extractor", "foo"], "Unknown extractor 'foo'"),
        (["eval", "bench/sample", "--limit", "5"], "--limit needs --convert."),
        (["query", " "], "The question is empty."),
        (["why", ""], "The question is empty."),
        (["ingest", "a.md", "--extractor", "foo"], "Unknown extractor 'foo'"),
        (["reindex", "--embedder", "foo"], "Unknown embedder 'foo'"),
        (["ingest", "a.md", "--budget", "much"], "'much' is not a budget"),
    ],
)
def test_an_argument_that_is_wrong_by_itself_is_wrong_usage(
    ammon: Ammon, arguments: list[str], told: str
) -> None:
    done = ammon(*arguments)
    assert (done.code, told in done.complaint) == (2, True)
    assert ammon(*arguments, "--json").json["error"]["type"] == "Usage"


def test_an_unexpected_error_hints_at_debug(capfd: pytest.CaptureFixture[str]) -> None:
    def fail(_: object) -> Any:
        raise ZeroDivisionError("seven by nothing")

    assert main(["status"], opener=fail) == 1
    err = capfd.readouterr().err
    assert "ZeroDivisionError: seven by nothing" in err
    assert "--debug" in err
    assert "Traceback" not in err
    assert main(["--debug", "status"], opener=fail) == 1
    assert "Traceback" in capfd.readouterr().err


@pytest.mark.parametrize(
    "command",
    ["ingest", "query", "status", "delete", "export", "rebuild", "reindex", "serve", "config"],
)
def test_every_help_has_an_example(ammon: Ammon, command: str) -> None:
    assert f"ammon {command}" in ammon(command, "--help").out.split("Example")[1]
