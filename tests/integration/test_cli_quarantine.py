"""The command line names what came in without a graph, and why."""

from pathlib import Path

import pytest

from kg.records import Passage
from server.composition import compose
from server.core import Core
from server.settings import Settings
from tests.doubles.command_line import Ammon, Opener
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.hash_embedder import HashEmbedder


def _cut_off(passage: Passage) -> str:
    return "The answer was cut off." if "Lashley" in passage.text else ""


def _open(settings: Settings) -> Core:
    return compose(
        settings,
        extractor=lambda name, _: ScriptedExtractor(_cut_off, fingerprint=name),
        embedder=lambda *_: HashEmbedder(32),
    )


@pytest.fixture
def opener() -> Opener:
    return _open


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "semon.txt").write_text("Richard Semon coined Engram.", encoding="utf-8")
    for number in range(12):
        text = f"Karl Lashley sought Engram {number}."
        (folder / f"lashley{number:02}.txt").write_text(text, encoding="utf-8")
    return folder


LINE = "lashley00.txt: 1 passage in quarantine, found by text alone: The answer was cut off."


def test_ingesting_warns_of_documents_in_quarantine_and_succeeds(ammon: Ammon, notes: Path) -> None:
    done = ammon("ingest", notes)
    assert done.code == 0
    assert f"Warning: {LINE}" in done.err
    assert done.err.count("in quarantine, found") == 10
    assert "and 2 more documents with passages in quarantine" in done.err
    assert "semon.txt" not in done.err
    assert "12 passages in quarantine: to retry them, ingest these documents again" in done.err


def test_status_names_documents_in_quarantine(ammon: Ammon, notes: Path) -> None:
    ammon("ingest", notes)
    assert LINE in ammon("status").out


def test_status_shortens_long_reasons(
    ammon: Ammon, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.cli.status._LONGEST", 70)
    ammon("ingest", notes)
    said = ammon("status").out
    assert "  lashley00.txt: 1 passage in quarantine, found by text alone: The …\n" in said


def test_json_names_all_passages_in_quarantine(ammon: Ammon, notes: Path) -> None:
    ingested = ammon("ingest", notes, "--json").json["quarantine"]
    (status,) = ammon("status", "--json").json["collections"]
    assert status["quarantine"] == ingested
    assert [one["source"] for one in ingested] == [f"lashley{n:02}.txt" for n in range(12)]
    assert {one["reason"] for one in ingested} == {"The answer was cut off."}


def test_where_nothing_usable_was_found_at_all_ingesting_fails(ammon: Ammon, notes: Path) -> None:
    (notes / "semon.txt").unlink()
    done = ammon("ingest", notes)
    assert done.code == 1
    assert "Error: Nothing usable was found in any passage" in done.err
    assert "12 passages in quarantine" in done.err
    assert "ingest the same files again" in done.err
    again = ammon("ingest", notes, "--json")
    assert (again.code, again.json["all_quarantined"]) == (1, True), "they are read again"
    assert ammon("query", "Who sought Engram?").code == 0, "they are found by their texts"


def test_what_was_bad_before_does_not_fail_what_comes_in_now(ammon: Ammon, notes: Path) -> None:
    ammon("ingest", notes / "lashley00.txt")
    assert ammon("ingest", notes / "semon.txt").code == 0


def test_a_job_whose_passages_all_failed_does_not_look_like_a_success(
    ammon: Ammon, notes: Path
) -> None:
    (notes / "semon.txt").unlink()
    ammon("ingest", notes)
    (job,) = ammon("jobs", "--json").json["jobs"]
    assert (job["quarantined"], job["passages"]) == (12, 12)
    told = "all of its passages failed: 12 passages in quarantine"
    assert told in ammon("jobs").out
    assert told in ammon("jobs", "show", job["id"]).out
    assert ammon("jobs", "show", job["id"], "--json").json["quarantined"] == 12
    again = ammon("jobs", "retry", job["id"])
    assert (again.code, told in again.out) == (1, True)


def test_a_job_of_which_some_passages_failed_tells_how_many(ammon: Ammon, notes: Path) -> None:
    ammon("ingest", notes)
    (job,) = ammon("jobs", "--json").json["jobs"]
    assert job["quarantined"] == 12
    assert "; 12 passages in quarantine" in ammon("jobs").out
    assert ammon("jobs", "retry", job["id"]).code == 0
