"""Fixtures of the command line (a data folder of a test's own, models that are doubles) and of
workers."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog

from tests.doubles.command_line import Ammon, Opener, command_line
from tests.doubles.house import open_house
from tests.servers.sharing import need

if TYPE_CHECKING:
    from tests.doubles.plant import Plant


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


@pytest.fixture
def plant(tmp_path: Path) -> "Iterator[Plant]":
    """Processes that index, and a Redis of their own that tells them to; no chat model."""
    from tests.doubles.plant import Plant
    from tests.servers.redis import RedisServer

    need("redis-server", "install the package redis-server")
    broker = RedisServer(home=tmp_path / "broker")
    broker.start()
    plant = Plant(folder=tmp_path, broker_url=broker.url, model_url="http://127.0.0.1:9/v1")
    yield plant
    plant.close()
    broker.kill()
