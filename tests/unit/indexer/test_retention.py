"""Jobs are kept for a while, and not for good."""

from dataclasses import replace
from pathlib import Path

import pytest

from kg.memory import MemoryStore
from kg.records import Passage
from tests.conformance.material import Clock
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.workshop import COLLECTION, SETTINGS, Workshop, note

DAY = 86_400.0
MILNER = note("milner", "Milner studied Molaison.")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shop(tmp_path: Path, clock: Clock) -> Workshop:
    """A shop that keeps jobs for a week."""
    return Workshop(folder=tmp_path, store=MemoryStore(clock=clock), retention_seconds=7 * DAY)


def test_who_publishes_forgets_what_is_long_over(shop: Workshop, clock: Clock) -> None:
    shop.ingest(MILNER)
    clock.now += 8 * DAY
    shop.ingest(note("scoville", "Scoville operated on Molaison."))
    shop.worker().run_until_empty(COLLECTION)
    assert [job.created_at.timestamp() for job in shop.queue.jobs()] == [clock.now]


def test_nothing_is_forgotten_unless_that_is_wanted(tmp_path: Path, clock: Clock) -> None:
    shop = Workshop(folder=tmp_path, store=MemoryStore(clock=clock))
    shop.ingest(MILNER)
    clock.now += 5000 * DAY
    shop.pipeline.tidy(COLLECTION)
    assert len(shop.queue.jobs()) == 1


def test_what_is_in_quarantine_is_known_after_its_job(shop: Workshop, clock: Clock) -> None:
    def refuse(_: Passage) -> str:
        return "no JSON"

    shop.extractor = ScriptedExtractor(refuse)
    shop.ingest(MILNER)
    clock.now += 8 * DAY
    shop.pipeline.tidy(COLLECTION)
    assert not shop.queue.jobs()
    assert [one.source for one in shop.store.quarantined(COLLECTION)] == ["milner"]


def test_the_job_of_a_change_under_way_stays(shop: Workshop, clock: Clock) -> None:
    shop.ingest(MILNER)

    def refuse(_: Passage) -> str:
        raise ValueError("no luck")

    shop.extractor = ScriptedExtractor(refuse, fingerprint="other")
    found = shop.pipeline.reindex(COLLECTION, replace(SETTINGS, extractor="other"))
    assert found.job is not None
    (task,) = shop.lease()
    shop.queue.fail(task.id, "no luck", worker="test", retry=False)
    clock.now += 8 * DAY
    shop.pipeline.tidy(COLLECTION)
    assert [job.id for job in shop.queue.jobs()] == [found.job.id]
