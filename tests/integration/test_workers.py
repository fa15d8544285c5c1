"""Workers are processes with a real broker between them and whoever hands documents in."""

import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from kg.jobs import TaskState
from server.core import Core
from tests.doubles.model_ledger import Ledger, ledger_server
from tests.doubles.plant import COLLECTION, WANTED, Plant, corpus, graph_of, undisturbed
from tests.doubles.waiting import Watch, until
from tests.servers.rabbitmq import RabbitServer, need_rabbitmq
from tests.servers.redis import RedisServer
from tests.servers.sharing import free_port, need

pytest.importorskip("celery", reason="the workers are missing: pip install -e '.[celery]'")
DOCUMENTS = corpus(12)


@dataclass(kw_only=True)
class Line:
    """A plant that has worked through the corpus."""

    plant: Plant
    core: Core
    ledger: Ledger
    wanted: str
    """The graph that one process makes."""
    seconds_to_submit: float
    """While the broker was away."""


@pytest.fixture(scope="module", params=["redis", "rabbitmq"])
def line(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Line]:
    folder = tmp_path_factory.mktemp(request.param)
    with ExitStack() as stack:
        broker: RedisServer | RabbitServer
        if request.param == "redis":
            need("redis-server", "install the package redis-server")
            broker = RedisServer(home=folder / "broker")
        else:
            need_rabbitmq()
            broker = RabbitServer(home=folder / "broker")
        ledger = Ledger(seconds=0.02)
        model = stack.enter_context(ledger_server(ledger))
        wanted = undisturbed(folder / "undisturbed", model.url, DOCUMENTS)
        ledger.answered.clear()
        plant = Plant(
            folder=folder,
            broker_url=broker.url,
            model_url=model.url,
            extra={"metrics_port": str(free_port()), "first_tier": "false"},
        )
        stack.callback(plant.close)
        core = stack.enter_context(plant.opened())
        core.create_collection(COLLECTION, WANTED)
        with Watch() as watch:
            core.submit(COLLECTION, DOCUMENTS[:6])
        broker.start()
        stack.callback(broker.kill if isinstance(broker, RedisServer) else broker.close)
        plant.begin()
        until(lambda: core.queue.waiting() == 0)
        core.submit(COLLECTION, DOCUMENTS[6:])
        core.worker.run_until_empty(COLLECTION)
        yield Line(
            plant=plant, core=core, ledger=ledger, wanted=wanted, seconds_to_submit=watch.seconds
        )


def test_what_is_handed_in_while_the_broker_is_away_is_found(line: Line) -> None:
    counts = [job.counts for job in line.core.queue.jobs()]
    assert counts == [{TaskState.EXTRACTED: 6}, {TaskState.EXTRACTED: 6}]
    assert line.seconds_to_submit < 2.0, "whoever hands in does not wait for the broker"


def test_the_graph_is_the_one_that_a_single_process_makes(line: Line) -> None:
    assert graph_of(line.core) == line.wanted


def test_every_question_was_asked_once(line: Line) -> None:
    assert line.ledger.doubled() == []
    assert line.ledger.calls == 2 * 2 * len(DOCUMENTS)


def test_what_workers_published_answers_questions(line: Line) -> None:
    found = line.core.query(COLLECTION, "Who is Person3x1?", k=3)
    assert "Person3x1" in found.hits[0].text


def test_prometheus_reads_what_was_done_and_what_waits(line: Line) -> None:
    address = f"http://127.0.0.1:{line.plant.extra['metrics_port']}/metrics"
    with urllib.request.urlopen(address, timeout=60) as answer:
        rows = dict(
            row.rsplit(" ", 1) for row in answer.read().decode().splitlines() if row[0] != "#"
        )
    assert float(rows['ammon_documents_total{outcome="done"}']) == 12
    assert float(rows['ammon_passages_total{outcome="done"}']) == 24
    assert float(rows['ammon_tokens_total{direction="input"}']) == 24 * 2 * 11
    assert float(rows['ammon_tasks_total{outcome="done",step="extract"}']) >= 6
    assert float(rows['ammon_queue_depth{queue="extract"}']) == 0
    assert float(rows['ammon_documents_waiting{collection="corpus"}']) == 0


def test_a_worker_ends_cleanly_when_told_to(line: Line) -> None:
    """The last test: it ends the worker."""
    assert line.plant.end(0) == 0
    assert "worker stopped" in line.plant.log(0)
