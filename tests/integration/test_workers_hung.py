"""Brokers that hang: they take connections, and say nothing."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from kg.jobs import TaskState
from tests.doubles.model_ledger import Ledger, ledger_server
from tests.doubles.plant import COLLECTION, WANTED, Plant, corpus
from tests.doubles.waiting import until
from tests.servers.rabbitmq import RabbitServer, need_rabbitmq, rabbit_url
from tests.servers.redis import RedisServer, redis_server
from tests.servers.relay import relayed

__all__ = ["rabbit_url", "redis_server"]

pytest.importorskip("celery", reason="the workers are missing: pip install -e '.[celery]'")
SECONDS = 60.0
"""About ten, and more on a busy machine; the broker's client would wait for ever."""


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[tuple[Ledger, str]]:
    """A model that takes two seconds, and its address."""
    ledger = Ledger(seconds=2.0)
    with ledger_server(ledger) as server:
        yield ledger, server.url
        ledger.answer()


def test_a_worker_ends_while_its_redis_hangs_and_what_it_was_at_is_kept(
    tmp_path: Path, redis_server: RedisServer, ledger: tuple[Ledger, str]
) -> None:
    model, url = ledger
    plant = Plant(
        folder=tmp_path, broker_url=redis_server.url, model_url=url, extra={"first_tier": "false"}
    )
    try:
        with plant.opened() as core:
            core.create_collection(COLLECTION, WANTED)
            core.submit(COLLECTION, corpus(1, passages=1))
            worker = plant.begin()
            until(lambda: model.calls == 1)  # of two for each passage
            redis_server.hang()
            assert plant.end(worker, SECONDS) == 0
            assert model.calls == 2
            redis_server.go_on()
            plant.begin()
            core.worker.run_until_empty(COLLECTION)
            (job,) = core.queue.jobs()
            assert job.counts == {TaskState.EXTRACTED: 1}
            assert all(len(times) == 1 for times in model.answered.values())
    finally:
        plant.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_a_worker_at_once(
    tmp_path: Path, redis_server: RedisServer, ledger: tuple[Ledger, str], number: signal.Signals
) -> None:
    model, url = ledger
    model.pause()
    plant = Plant(
        folder=tmp_path, broker_url=redis_server.url, model_url=url, extra={"first_tier": "false"}
    )
    try:
        with plant.opened() as core:
            core.create_collection(COLLECTION, WANTED)
            core.submit(COLLECTION, corpus(1, passages=1))
            worker = plant.begin()
            until(lambda: model.asked == 1)  # sooner there may be nothing to be waited for
            plant.workers[worker].send_signal(number)
            plant.wait_for(worker, "a second signal abandons it")
            plant.workers[worker].send_signal(number)
            assert plant.workers[worker].wait(30.0) == 0, "a hung model is left after 40 s"
            assert "Traceback" not in plant.log(worker)
            assert core.queue.jobs()[0].counts == {TaskState.QUEUED: 1}
    finally:
        plant.close()


def test_a_worker_works_on_when_its_redis_answers_again(
    tmp_path: Path, redis_server: RedisServer, ledger: tuple[Ledger, str]
) -> None:
    plant = Plant(folder=tmp_path, broker_url=redis_server.url, model_url=ledger[1])
    try:
        worker = plant.begin()
        plant.wait_for(worker, " ready.")
        redis_server.hang()
        time.sleep(12.0)  # longer than it waits for an answer
        redis_server.go_on()
        with plant.opened() as core:
            core.create_collection(COLLECTION, WANTED)
            core.submit(COLLECTION, corpus(1))
            core.worker.run_until_empty(COLLECTION)
        assert plant.end(worker, SECONDS) == 0
    finally:
        plant.close()


def test_a_worker_ends_while_its_rabbitmq_hangs(tmp_path: Path, rabbit_url: str) -> None:
    at = urlsplit(rabbit_url)
    with relayed(at.port or 0) as relay:
        near = rabbit_url.replace(f":{at.port}", f":{relay.port}")
        plant = Plant(folder=tmp_path, broker_url=near, model_url="http://127.0.0.1:9/v1")
        try:
            worker = plant.begin()
            plant.wait_for(worker, " ready.")
            relay.fall_silent()
            assert plant.end(worker, SECONDS) == 0
        finally:
            plant.close()
            relay.come_back()


def test_a_step_that_outlives_its_connection_is_no_fault(
    tmp_path: Path, rabbit_url: str, ledger: tuple[Ledger, str]
) -> None:
    model, url = ledger
    at = urlsplit(rabbit_url)
    with relayed(at.port or 0) as relay:
        near = rabbit_url.replace(f":{at.port}", f":{relay.port}")
        plant = Plant(
            folder=tmp_path, broker_url=near, model_url=url, extra={"first_tier": "false"}
        )
        try:
            model.pause()  # the step is to end over the next connection
            with plant.opened(broker_url=rabbit_url) as core:
                core.create_collection(COLLECTION, WANTED)
                core.submit(COLLECTION, corpus(1, passages=1))
                worker = plant.begin()
                until(lambda: model.asked == 1)
                relay.close()
                relay.come_back()
                until(lambda: plant.log(worker).count("Connected to amqp") == 2)
                model.answer()
                plant.wait_for(worker, "Couldn't ack")
                core.worker.run_until_empty(COLLECTION)
            said = plant.log(worker)
            assert "Traceback" not in said
            assert "DeprecationWarning" not in said
            assert model.calls == 2
        finally:
            plant.close()


def test_a_passage_that_outlasts_rabbitmqs_patience_costs_a_reconnection_and_no_second_answer(
    tmp_path: Path, ledger: tuple[Ledger, str]
) -> None:
    need_rabbitmq()
    model, url = ledger
    server = RabbitServer(home=tmp_path / "broker", patience_ms=3000)
    server.start()
    plant = Plant(
        folder=tmp_path, broker_url=server.url, model_url=url, extra={"first_tier": "false"}
    )
    try:
        model.pause()
        with plant.opened() as core:
            core.create_collection(COLLECTION, WANTED)
            core.submit(COLLECTION, corpus(1, passages=1))
            worker = plant.begin()
            until(lambda: plant.log(worker).count("Connected to amqp") == 2)
            assert "PRECONDITION_FAILED" in plant.log(worker)
            assert model.asked == 1
            model.answer()
            core.worker.run_until_empty(COLLECTION)
        said = plant.log(worker)
        assert said.count("worker started") == 1, "it goes on with what else there is"
        assert "Traceback" not in said
        assert model.asked == model.calls == 2, "of two questions about a passage"
    finally:
        plant.close()
        server.close()
