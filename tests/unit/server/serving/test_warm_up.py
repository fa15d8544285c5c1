"""The question that a server asks itself before it forks."""

import logging
import threading
from pathlib import Path

import pytest

from kg.records import SourceDocument
from server.core import Core
from server.http.app import create_app
from server.serving.warm_up import warm_up
from tests.doubles.house import open_house, settings_in


@pytest.fixture
def core(tmp_path: Path) -> Core:
    opened = open_house(settings_in(tmp_path))
    opened.create_collection("papers")
    text = "Karl Lashley sought the Engram."
    opened.submit("papers", [SourceDocument(source="engram", title="Engram", text=text)])
    opened.worker.run_until_empty("papers")
    return opened


def warmed_up(core: Core) -> None:
    app = create_app(core.settings, lambda _: core)
    app.state.core = core
    warm_up(core, app)
    core.close()


def test_it_opens_what_questions_need(core: Core) -> None:
    warmed_up(core)
    (opened,) = core.retrievers.hand_over().values()
    assert opened.retriever.prepared == ("ammon",)


def test_no_thread_is_left_that_a_fork_would_cut_off(core: Core) -> None:
    before = set(threading.enumerate())
    warmed_up(core)
    assert set(threading.enumerate()) <= before


def test_no_line_of_the_log_tells_of_a_request_that_nobody_sent(
    core: Core, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    warmed_up(core)
    assert caplog.messages == []


def test_a_collection_that_cannot_be_asked_is_told_of(
    core: Core, caplog: pytest.LogCaptureFixture
) -> None:
    path = core.snapshot_folder("papers").path
    manifest = path / (path / "CURRENT").read_text(encoding="ascii").strip() / "manifest.json"
    manifest.write_text("{", encoding="ascii")
    warmed_up(core)
    (told,) = caplog.messages
    assert told.startswith("the collection papers cannot be queried: ")


def test_a_collection_without_a_snapshot_is_not_asked(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    core = open_house(settings_in(tmp_path))
    core.create_collection("papers")
    warmed_up(core)
    assert caplog.messages == []
    assert core.retrievers.hand_over() == {}
