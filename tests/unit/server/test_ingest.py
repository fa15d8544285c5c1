"""What `ammon ingest` tells of documents that somebody else takes in or cancels meanwhile."""

from collections.abc import Callable
from pathlib import Path

import pytest

from indexer.intake import intake
from indexer.loaders import LoadFailure, load
from indexer.progress import ReportProgress, StepProgress
from kg.errors import DocumentUnreadable
from kg.jobs import TaskState
from kg.records import SourceDocument
from server.cli.ingest import cancelled_line, counts_line
from server.core import Core
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
    told = counts_line(report)
    assert told == "Documents: 1 new, 0 changed, 0 unchanged, 1 under way in another job, 0 failed"


def test_a_text_may_be_as_large_as_a_file_in_bytes(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, max_file_mb=3)
    check_text(settings, "a", "狗" * 1_000_000)
    with pytest.raises(DocumentUnreadable, match=r"'a' has 3,000,001 bytes.*max_file_mb"):
        check_text(settings, "a", "狗" * 1_000_000 + "x")


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    folder.mkdir()
    for name in "abc":
        (folder / f"{name}.txt").write_text(f"Person {name} met Milner.", encoding="utf-8")
    return folder


def house(tmp_path: Path) -> Core:
    core = open_house(settings_in(tmp_path))
    core.create_collection("papers")
    return core


def once_at(step: str, done: int, act: Callable[[], object]) -> ReportProgress:
    """Acts at the first report of this step, once so many are done."""
    acts = [act]

    def report(progress: StepProgress) -> None:
        if acts and progress.step == step and progress.done >= done:
            acts.pop()()

    return report


def cancel_newest(core: Core) -> Callable[[], object]:
    return lambda: core.cancel(core.queue.jobs("papers", limit=1)[0].id)


def test_documents_that_were_cancelled_are_told_with_the_remedy(
    tmp_path: Path, notes: Path
) -> None:
    core = house(tmp_path)
    report = ingest(core, "papers", [notes], once_at("extract", 1, cancel_newest(core)))
    again = ingest(core, "papers", [notes])
    core.close()
    assert (report.new, report.cancelled, report.under_way) == (1, 2, 0)
    assert list(cancelled_line(report)) == [
        "2 documents were cancelled: to ingest them, run the same command again."
    ]
    assert counts_line(report).endswith("0 unchanged, 2 cancelled, 0 failed")
    assert (again.new, again.unchanged, again.cancelled) == (2, 1, 0)


def test_a_cancelled_change_counts_as_cancelled_though_the_old_text_is_there(
    tmp_path: Path, notes: Path
) -> None:
    core = house(tmp_path)
    ingest(core, "papers", [notes])
    for path in notes.iterdir():
        path.write_text("Milner left.", encoding="utf-8")
    report = ingest(core, "papers", [notes], once_at("extract", 1, cancel_newest(core)))
    core.close()
    assert (report.changed, report.cancelled, report.under_way) == (1, 2, 0)


def test_documents_that_another_job_took_over_are_not_told_as_cancelled(
    tmp_path: Path, notes: Path
) -> None:
    core = house(tmp_path)
    newer = [
        SourceDocument(source=f"{name}.txt", title=name, text="Milner left.") for name in "abc"
    ]
    report = ingest(
        core,
        "papers",
        [notes],
        once_at("extract", 1, lambda: core.pipeline.submit("papers", newer)),
    )
    *_, older = core.queue.jobs("papers")
    core.close()
    assert older.counts == {TaskState.EXTRACTED: 1, TaskState.SUPERSEDED: 2}
    assert (report.new, report.cancelled, report.under_way) == (1, 0, 2)
    assert list(cancelled_line(report)) == []
    assert "2 under way in another job" in counts_line(report)


def test_a_job_that_was_cancelled_while_files_were_read_is_told(
    tmp_path: Path, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "PORTION_DOCUMENTS", 1)
    core = house(tmp_path)
    report = ingest(core, "papers", [notes], once_at("read", 3, cancel_newest(core)))
    core.close()
    assert (report.cut_short, report.new) == (True, 0)
    assert "before all files were read" in list(cancelled_line(report))[-1]
