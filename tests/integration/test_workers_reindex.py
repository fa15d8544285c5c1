"""Another extractor, while workers are killed: the graph is the old one or the new one."""

from contextlib import closing
from pathlib import Path

import pytest

from server.core import Core, IndexingOptions
from server.reports.status import job_status
from tests.doubles.model_ledger import Ledger, ledger_server
from tests.doubles.plant import COLLECTION, WANTED, Plant, corpus, graph_of, undisturbed
from tests.doubles.waiting import until
from tests.servers.redis import RedisServer, redis_server

pytest.importorskip("celery", reason="the workers are missing: pip install -e '.[celery]'")
__all__ = ["redis_server"]
OTHER = IndexingOptions(extractor="llm:scripted", max_tokens=128)
"""Passages of another size: which are published is seen from outside."""


def passages(core: Core) -> int:
    """Of the snapshot that questions are answered from."""
    found = core.snapshot(COLLECTION)
    assert found is not None
    return len(found.passages.id)


def test_the_graph_changes_at_once_though_workers_die(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    ledger, documents = Ledger(seconds=0.05), corpus(12, passages=3)
    with ledger_server(ledger) as model:
        plant = Plant(
            folder=tmp_path / "plant",
            broker_url=redis_server.url,
            model_url=model.url,
            extra={"first_tier": "false"},
        )
        plant.folder.mkdir()
        with closing(plant), plant.opened() as core:
            core.create_collection(COLLECTION, WANTED)
            core.submit(COLLECTION, documents)
            plant.begin()
            core.worker.run_until_empty(COLLECTION)
            before = passages(core)
            ledger.pause()
            job = core.reindex(COLLECTION, OTHER).job
            assert job is not None
            ledger.answer(18)  # of two for each of a dozen passages
            until(lambda: core.queue.job(job.id).progress.passages_done > 3)
            plant.kill(0)
            assert passages(core) == before
            assert job_status(core, core.queue.job(job.id)).state != "done"
            ledger.answer()
            plant.begin()
            seen: set[int] = set()

            def is_done() -> bool:
                seen.add(passages(core))
                return job_status(core, core.queue.job(job.id)).state == "done"

            until(is_done)
            after = passages(core)
            assert after < before
            assert seen <= {before, after}, "never some of each"
            changed = graph_of(core)
        straight = undisturbed(tmp_path / "straight", model.url, documents, OTHER)
    assert changed == straight
