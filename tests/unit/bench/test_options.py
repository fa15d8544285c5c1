"""What benchmark commands are told."""

import sys
from pathlib import Path

import pytest

from bench import corpus
from bench.options import parse


def test_a_command_that_draws_nothing_refuses_a_plot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        corpus.main(["--folder", str(tmp_path), "--plot", str(tmp_path / "c.png")])
    assert refused.value.code == 2
    assert "unrecognized arguments: --plot" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_plot_without_matplotlib_is_refused_before_anything_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(SystemExit, match="--group bench"):
        parse("", ["--plot", str(tmp_path / "c.png")], sizes=None)
