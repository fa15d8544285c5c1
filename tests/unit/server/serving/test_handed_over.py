"""What a process loads before it forks, and what its children open anew."""

import gc
import weakref
from pathlib import Path

import pytest

from kg.records import SourceDocument
from server.core import Core
from server.http.app import create_app
from server.serving.warm_up import warm_up
from tests.doubles.house import open_house, settings_in


@pytest.fixture
def closed(tmp_path: Path) -> Core:
    core = open_house(settings_in(tmp_path))
    core.create_collection("papers")
    take_in(core, "Karl Lashley")
    app = create_app(core.settings, lambda _: core)
    app.state.core = core
    warm_up(core, app)
    core.close()
    return core


def take_in(core: Core, title: str) -> None:
    text = f"{title} sought the Engram."
    core.submit("papers", [SourceDocument(source=title, title=title, text=text)])
    core.worker.run_until_empty("papers")


def titles(core: Core) -> set[str]:
    return {hit.title for hit in core.query("papers", "Who sought the Engram?").hits}


def test_a_snapshot_that_was_open_is_used_on(tmp_path: Path) -> None:
    core = open_house(settings_in(tmp_path))
    core.create_collection("papers")
    take_in(core, "Karl Lashley")
    snapshot = core.snapshot("papers")
    core.close()
    again = core.reopen()
    assert again.snapshot("papers") is snapshot
    assert titles(again) == {"Karl Lashley"}
    again.close()


def test_nobody_keeps_what_was_handed_over(closed: Core) -> None:
    closed.reopen().close()
    assert closed.retrievers.hand_over() == {}


def test_what_was_handed_over_goes_without_being_collected(closed: Core) -> None:
    (opened,) = closed.retrievers.hand_over().values()
    sentences = weakref.ref(opened.retriever.snapshot.sentences.vectors.values)
    gazetteer = weakref.ref(opened.retriever.snapshot.gazetteer.key)
    gc.disable()  # what is there at a fork is never collected
    try:
        del opened
        assert (sentences(), gazetteer()) == (None, None)
    finally:
        gc.enable()


def test_a_newer_snapshot_takes_its_place(closed: Core) -> None:
    again = closed.reopen()
    take_in(again, "Donald Hebb")
    assert titles(again) == {"Karl Lashley", "Donald Hebb"}
    again.close()


def test_a_snapshot_that_came_in_between_is_opened(closed: Core, tmp_path: Path) -> None:
    other = open_house(settings_in(tmp_path))
    take_in(other, "Donald Hebb")
    other.close()
    again = closed.reopen()
    assert titles(again) == {"Karl Lashley", "Donald Hebb"}
    again.close()
