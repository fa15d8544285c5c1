"""A little to do asks the store for little, whatever else is in it."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from indexer.worker_progress import HowFar
from kg import ids
from kg.jobs import Job
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.watched_store import Asked, WatchedStore
from tests.doubles.workshop import COLLECTION, SETTINGS, Workshop, note


class Watched(Workshop):
    """A workshop whose store notes what it is asked for."""

    def __init__(self, folder: Path) -> None:
        self.watched = WatchedStore()
        super().__init__(folder=folder, store=self.watched)

    def asked(self) -> Asked:
        """What the store was asked for since this was last called."""
        found, self.watched.asked = self.watched.asked, Asked()
        return found


@pytest.fixture
def full(tmp_path: Path) -> Watched:
    """A shop with some documents, published."""
    shop = Watched(tmp_path)
    shop.ingest(*(note(str(number), f"Milner met Number{number}.") for number in range(20)))
    shop.pipeline.publish(COLLECTION)
    shop.asked()
    return shop


def test_handing_in_a_document_asks_for_that_document_alone(full: Watched) -> None:
    full.pipeline.submit(COLLECTION, [note("new", "Scoville met Milner."), note("3", "Other.")])
    asked = full.asked()
    assert (asked.graphs, asked.everything, asked.documents) == ([], [], 2)


def test_an_estimate_for_a_document_asks_for_that_document_alone(full: Watched) -> None:
    full.pipeline.estimate(COLLECTION, [note("new", "Scoville met Milner.")])
    asked = full.asked()
    assert (asked.graphs, asked.everything, asked.documents) == ([], [], 1)


def test_deleting_a_document_asks_for_that_document_alone(full: Watched) -> None:
    full.pipeline.delete(COLLECTION, [ids.document_id(COLLECTION, "3")])
    asked = full.asked()
    assert (asked.graphs, asked.everything, asked.documents) == ([], [], 1)


def test_publishing_what_is_published_reads_no_graph(full: Watched) -> None:
    full.pipeline.publish(COLLECTION)
    assert full.asked().graphs == []


def test_a_snapshot_takes_one_reading_and_of_links_what_they_need(full: Watched) -> None:
    full.ingest(note("new", "Scoville met Milner."))
    full.pipeline.publish(COLLECTION)
    assert full.asked().graphs == [("unlinked", "entities", "synonyms"), None]


def test_a_snapshot_without_new_entities_takes_one_reading(full: Watched) -> None:
    full.ingest(note("again", "Milner met Number3."))
    full.pipeline.publish(COLLECTION)
    assert full.asked().graphs == [None]


def test_indexing_otherwise_reads_no_graph_before_it_changes(full: Watched) -> None:
    full.extractor = ScriptedExtractor(fingerprint="other")
    found = full.pipeline.reindex(COLLECTION, replace(SETTINGS, extractor="other"))
    assert (found.submitted, full.pipeline.left_behind(COLLECTION)) == (20, 20)
    assert full.asked().graphs == []


def test_whether_a_change_is_due_is_known_without_looking_at_all_that_waits(full: Watched) -> None:
    full.extractors["other"] = ScriptedExtractor(fingerprint="other")
    full.pipeline.reindex(COLLECTION, replace(SETTINGS, extractor="other"))
    full.pipeline.submit(COLLECTION, [note("new", "Scoville met Milner.")])
    full.asked()
    change = full.pipeline.changeover
    assert not change.is_due(full.store.collection(COLLECTION))
    assert full.asked().everything == []
    full.pipeline.process(full.lease())
    full.pipeline.publish(COLLECTION)
    assert "pending" not in full.asked().everything


def test_how_far_a_model_is_is_looked_up_the_less_often_the_longer_it_takes(
    full: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, looks = [0.0], [0]
    jobs = full.queue.jobs

    def slowly(*asked: Any, **more: Any) -> Sequence[Job]:
        looks[0] += 1
        now[0] += 0.5
        return jobs(*asked, **more)

    monkeypatch.setattr(full.queue, "jobs", slowly)
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    progress = HowFar(full.queue, COLLECTION, lambda _: None)
    for _ in range(100):
        progress.tell()
        now[0] += 1.0
    assert looks[0] == pytest.approx(10, abs=1)
