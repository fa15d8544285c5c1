"""Prometheus is told what a worker did and what waits."""

import urllib.request
from collections.abc import Mapping

import pytest

from kg.errors import SettingsInvalid, StoreUnavailable
from tests.doubles.memory_broker import MemoryBroker
from tests.servers.sharing import free_port

pytest.importorskip("prometheus_client", reason="pip install -e '.[metrics]'")

from server.metrics import PrometheusMeter


def read(meter: PrometheusMeter) -> dict[str, float]:
    port = free_port()
    close = meter.serve("127.0.0.1", port)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
            rows = answer.read().decode().splitlines()
    finally:
        close()
    return {name: float(value) for name, value in (r.rsplit(" ", 1) for r in rows if r[0] != "#")}


def test_steps_documents_passages_and_tokens_are_counted() -> None:
    meter = PrometheusMeter()
    meter.step("extract", 2.0, failed=False)
    meter.step("extract", 0.5, failed=True)
    meter.documents(done=3, failed=1)
    meter.passage(input_tokens=100, output_tokens=20, failed=False)
    meter.passage(input_tokens=50, output_tokens=0, failed=True)
    rows = read(meter)
    assert rows['ammon_tasks_total{outcome="done",step="extract"}'] == 1
    assert rows['ammon_tasks_total{outcome="failed",step="extract"}'] == 1
    assert rows['ammon_task_seconds_sum{step="extract"}'] == 2.5
    assert rows['ammon_documents_total{outcome="done"}'] == 3
    assert rows['ammon_documents_total{outcome="failed"}'] == 1
    assert rows['ammon_passages_total{outcome="quarantined"}'] == 1
    assert rows['ammon_tokens_total{direction="input"}'] == 150
    assert rows['ammon_tokens_total{direction="output"}'] == 20


def test_what_waits_is_looked_up_when_it_is_read() -> None:
    meter, broker = PrometheusMeter(), MemoryBroker()
    meter.watch(broker, lambda: {"papers": 7})
    broker.send("extract", {})
    rows = read(meter)
    assert rows['ammon_queue_depth{queue="extract"}'] == 1
    assert rows['ammon_documents_waiting{collection="papers"}'] == 7


def test_a_broker_or_store_that_is_away_leaves_the_other_figures() -> None:
    def away() -> Mapping[str, int]:
        raise StoreUnavailable("the store is away")

    meter = PrometheusMeter()
    meter.watch(MemoryBroker(away=True), away)
    meter.documents(done=1, failed=0)
    rows = read(meter)
    assert rows['ammon_documents_total{outcome="done"}'] == 1
    assert not any(name.startswith("ammon_queue_depth{") for name in rows)


def test_a_port_that_is_taken_says_so() -> None:
    port = free_port()
    close = PrometheusMeter().serve("127.0.0.1", port)
    try:
        with pytest.raises(SettingsInvalid, match="metrics_port"):
            PrometheusMeter().serve("127.0.0.1", port)
    finally:
        close()
