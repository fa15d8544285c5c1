"""Fixtures of the command line: a data folder of a test's own, and models that are doubles."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.doubles.command_line import Ammon, Opener, command_line
from tests.doubles.house import open_house


@pytest.fixture
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder of all commands."""
    folder = tmp_path / "data"
    monkeypatch.setenv("AMMON_DATA_DIR", str(folder))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return folder


@pytest.fixture
def opener() -> Opener | None:
    """What composes a command's core; a module may put its own in its place."""
    return open_house


@pytest.fixture
def ammon(
    data_folder: Path, opener: Opener | None, capfd: pytest.CaptureFixture[str]
) -> Iterator[Ammon]:
    """Runs a command."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield command_line(capfd, opener)
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()
