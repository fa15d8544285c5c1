"""What `ammon ingest` tells of documents that somebody else takes in at that moment."""

from pathlib import Path

from indexer.loaders import LoadFailure, load
from server.cli.ingest import told_numbers
from server.ingest import ingest, limits_of
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
    assert told == "Documents: 1 new, 0 changed, 0 unchanged, 1 under way already, 0 failed"
