"""Documents of a high priority pass what the broker holds, and what workers hold already."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kg.jobs import Job, TaskState
from kg.records import SourceDocument
from server.core import Core
from tests.doubles.model_ledger import Ledger, ledger_server
from tests.doubles.plant import COLLECTION, WANTED, Plant, corpus
from tests.doubles.waiting import until
from tests.servers.redis import RedisServer
from tests.servers.sharing import need

pytest.importorskip("celery", reason="the workers are missing: pip install -e '.[celery]'")


@contextmanager
def busy_plant(
    folder: Path, *, calls: int, seconds: float, documents: int
) -> Iterator[tuple[Plant, Ledger, Core, Job, SourceDocument]]:
    """A model that answers so many calls at once, each after so many seconds; a job of so many
    documents that no worker has begun yet; and one more document."""
    need("redis-server", "install the package redis-server")
    broker, ledger = RedisServer(home=folder / "broker"), Ledger(seconds=seconds)
    broker.start()
    try:
        with ledger_server(ledger) as model:
            plant = Plant(
                folder=folder,
                broker_url=broker.url,
                model_url=model.url,
                extra={"llm_concurrency": str(calls), "first_tier": "false"},
            )
            with plant.opened() as core:
                *many, late = corpus(documents + 1, passages=1)
                core.create_collection(COLLECTION, WANTED)
                job = core.submit(COLLECTION, many).job
                assert job is not None
                try:
                    yield plant, ledger, core, job, late
                finally:
                    plant.close()
    finally:
        broker.kill()


def test_a_late_urgent_document_is_done_long_before_those_that_wait(tmp_path: Path) -> None:
    busy = busy_plant(tmp_path, calls=2, seconds=0.2, documents=60)
    with busy as (plant, _, core, usual, late):
        plant.begin()
        until(lambda: core.queue.job(usual.id).progress.passages_done > 2)
        urgent = core.submit(COLLECTION, [late], priority=100).job
        assert urgent is not None
        until(lambda: not core.queue.job(urgent.id).open)
        assert core.queue.job(usual.id).open > 30, "it passed most of what came before"


def test_what_workers_hold_gives_way_and_is_asked_for_no_more_once_cancelled(
    tmp_path: Path,
) -> None:
    """Two workers hold 64 questions for four connections, at each of which a model is slow."""
    busy = busy_plant(tmp_path, calls=4, seconds=0.6, documents=40)
    with busy as (plant, ledger, core, usual, late):
        for _ in range(2):
            plant.begin(concurrency=4)
        until(lambda: ledger.asked > 4)
        urgent = core.submit(COLLECTION, [late], priority=10).job
        assert urgent is not None
        until(lambda: core.queue.job(urgent.id).counts != {TaskState.QUEUED: 1})
        before = ledger.asked
        until(lambda: sum(late.title in asked for asked in list(ledger.answered)) == 2)
        assert ledger.asked - before < 30, "not after all that was held"
        core.queue.cancel(usual.id)
        begun = ledger.asked
        time.sleep(4.0)
        assert ledger.asked - begun <= 14, "those under way, and those of the next second"
        assert ledger.doubled() == []
