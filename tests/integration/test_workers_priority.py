"""Documents of a high priority pass what the broker holds, and what workers hold already."""

import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from kg.jobs import TaskState
from tests.doubles.model_ledger import Ledger, ledger_server
from tests.doubles.plant import COLLECTION, WANTED, Plant, corpus
from tests.doubles.waiting import until
from tests.servers.redis import RedisServer
from tests.servers.sharing import need

pytest.importorskip("celery", reason="the workers are missing: pip install -e '.[celery]'")


def test_a_late_urgent_document_is_done_long_before_those_that_wait(tmp_path: Path) -> None:
    need("redis-server", "install the package redis-server")
    *many, late = corpus(61, passages=1)
    with ExitStack() as stack:
        broker = RedisServer(home=tmp_path / "broker")
        model = stack.enter_context(ledger_server(Ledger(seconds=0.2)))
        plant = Plant(
            folder=tmp_path,
            broker_url=broker.url,
            model_url=model.url,
            extra={"llm_concurrency": "2", "first_tier": "false"},
        )
        stack.callback(plant.close)
        broker.start()
        stack.callback(broker.kill)
        core = stack.enter_context(plant.opened())
        core.create_collection(COLLECTION, WANTED)
        usual = core.submit(COLLECTION, many).job
        plant.begin()
        assert usual is not None
        until(lambda: core.queue.job(usual.id).progress.passages_done > 2)
        urgent = core.submit(COLLECTION, [late], priority=100).job
        assert urgent is not None
        until(lambda: not core.queue.job(urgent.id).open)
        assert core.queue.job(usual.id).open > 30, "it passed most of what came before"


def test_what_workers_hold_gives_way_and_is_asked_for_no_more_once_cancelled(
    tmp_path: Path,
) -> None:
    """Two workers hold 64 questions for four connections, at each of which a model is slow."""
    need("redis-server", "install the package redis-server")
    *many, late = corpus(41, passages=1)
    with ExitStack() as stack:
        broker = RedisServer(home=tmp_path / "broker")
        ledger = Ledger(seconds=0.6)
        model = stack.enter_context(ledger_server(ledger))
        plant = Plant(
            folder=tmp_path,
            broker_url=broker.url,
            model_url=model.url,
            extra={"llm_concurrency": "4", "first_tier": "false"},
        )
        stack.callback(plant.close)
        broker.start()
        stack.callback(broker.kill)
        core = stack.enter_context(plant.opened())
        core.create_collection(COLLECTION, WANTED)
        usual = core.submit(COLLECTION, many).job
        assert usual is not None
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
