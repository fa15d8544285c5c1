"""A process that is asked for many snapshots at once goes on with documents meanwhile."""

from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from threading import enumerate as all_threads

import pytest

from indexer.flow.tools import Times
from indexer.pipeline import Pipeline
from indexer.progress import ReportProgress
from kg.errors import SnapshotDamaged
from tests.doubles.office import Office
from tests.doubles.waiting import until
from tests.doubles.workshop import SETTINGS

NAMES = ["atlas", "books", "charts"]


@pytest.fixture
def asked(office: Office) -> Office:
    """Collections that all want to be published."""
    for name in NAMES:
        if name != "books":
            office.shop.store.create_collection(name, SETTINGS)
    return office


def _ask(office: Office, names: list[str]) -> list[Thread]:
    threads = [
        Thread(target=office.flow.take, args=("publish", {"collection": name})) for name in names
    ]
    for thread in threads:
        thread.start()
    return threads


def _published(
    office: Office, monkeypatch: pytest.MonkeyPatch, during: Callable[[str], object]
) -> list[str]:
    """The collections whose publication began, in that order."""
    found: list[str] = []
    publish = Pipeline.publish

    def watched(self: Pipeline, collection: str, progress: ReportProgress) -> str | None:
        found.append(collection)
        during(collection)
        return publish(self, collection, progress)

    monkeypatch.setattr(Pipeline, "publish", watched)
    return found


def test_snapshots_are_built_one_after_another_and_threads_are_free(
    asked: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = Event()
    found = _published(asked, monkeypatch, lambda _: go_on.wait(60))
    threads = _ask(asked, NAMES)
    until(lambda: sum(thread.is_alive() for thread in threads) == 1 and bool(found))
    assert len(found) == 1
    go_on.set()
    for thread in threads:
        thread.join()
    assert sorted(set(found)) == NAMES


def test_one_that_cannot_be_published_keeps_no_other_back(
    asked: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = Event()

    def fail(collection: str) -> None:
        go_on.wait(60)
        raise SnapshotDamaged(f"{collection} is damaged")

    found = _published(asked, monkeypatch, fail)
    threads = _ask(asked, NAMES)
    until(lambda: sum(thread.is_alive() for thread in threads) == 1)
    go_on.set()
    for thread in threads:
        thread.join()
    assert sorted(set(found)) == NAMES


def test_a_publication_that_hangs_holds_one_thread_however_often_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, go_on = Office(tmp_path, times=Times(message=0.05)), Event()
    found = _published(office, monkeypatch, lambda _: go_on.wait(60))
    others = set(all_threads())
    for name in [*NAMES, *NAMES]:
        office.flow.take("publish", {"collection": name})
    hung = [thread for thread in all_threads() if thread not in others and thread.name == "publish"]
    assert (len(hung), found) == (1, [NAMES[0]])
    go_on.set()
    hung[0].join(60)
    assert set(found) == set(NAMES), "the others were kept for when it is over"
