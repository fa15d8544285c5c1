"""What `ammon ingest` tells of documents that somebody else takes in at that moment."""

from pathlib import Path

import pytest

from indexer.loaders import LoadFailure, load
from kg.errors import DocumentUnreadable
from server.cli.ingest import told_numbers
from server.ingest import check_text, ingest, limits_of
from tests.doubles.house import open_house, settings_in


def test_documents_that_are_under_way_are_no_new_ones(tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "a.txt").write_text("Hebb taught Milner.", encoding="utf-8")
    (folder / "b.txt").write_text("Olds met Milner.", encoding="utf-8")
    core = open_house(settings_in(tmp_path))
    core.create_collection("papers")
    found = list(load([folder / "a.txt"], limits=limits_of(core.settings)))
    core.pipeline.submit("papers", [one for one in found if not isinstance(one, LoadFailure)])
    report = ingest(core, "papers", [folder / "a.txt", folder / "b.txt"])
    core.close()
    assert (report.new, report.unchanged, report.under_way) == (1, 0, 1)
    assert report.documents == 2
    told = told_numbers(report)
    assert told == "Documents: 1 new, 0 changed, 0 unchanged, 1 already in progress, 0 failed"


def test_a_text_may_be_as_large_as_a_file_in_bytes(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, max_file_mb=3)
    check_text(settings, "a", "狗" * 1_000_000)
    with pytest.raises(DocumentUnreadable, match=r"'a' has 3,000,001 bytes.*max_file_mb"):
        check_text(settings, "a", "狗" * 1_000_000 + "x")
