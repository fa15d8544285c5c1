"""Progress where there is no terminal: lines on standard error."""

import pytest

from indexer.progress import StepProgress
from server.cli import progress
from server.cli.progress import shown_progress


def test_a_line_that_says_nothing_new_is_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_progress() as report:
        for done in (6, 6, 6, 7):
            report(StepProgress(step="extract", done=done, total=done))
            report(StepProgress(step="synonyms", done=1, total=1))
    assert capsys.readouterr().err.splitlines() == [
        "Extracting: 6/6",
        "Linking synonyms: 1/1",
        "Extracting: 7/7",
    ]


def test_what_takes_long_is_told_every_few_seconds(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_EVERY_SECONDS", 0.0)
    with shown_progress() as report:
        for done in (20_000, 40_000):
            report(StepProgress(step="cut", done=done, total=0))
    assert capsys.readouterr().err.splitlines() == [
        "Cutting text into passages (characters): 20,000",
        "Cutting text into passages (characters): 40,000",
    ]
