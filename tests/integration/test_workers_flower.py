"""Flower, an application of others that watches workers, sees ours."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.doubles.plant import Plant
from tests.doubles.waiting import until
from tests.servers.sharing import free_port

pytest.importorskip("flower", reason="Flower is missing: pip install flower")


@pytest.fixture
def flower(plant: Plant) -> Iterator[str]:
    """Where a Flower answers that was there before any worker."""
    port = free_port()
    command = ["celery", f"--broker={plant.broker_url}", "flower", f"--port={port}"]
    with (plant.folder / "flower.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command, "--address=127.0.0.1"],
            env={**os.environ, "FLOWER_UNAUTHENTICATED_API": "true"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    address = f"http://127.0.0.1:{port}"
    until(lambda: read(f"{address}/api/workers") == {})
    yield address
    process.terminate()
    process.wait(60)


def read(url: str) -> Any:
    """What is answered; None if nobody does."""
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310 - our own server
            return json.load(answer)
    except OSError:
        return None


def test_flower_shows_who_works_and_on_what(plant: Plant, flower: str) -> None:
    plant.begin("embed,commit")
    known: list[Any] = []

    def is_known() -> bool:
        known[:] = (read(f"{flower}/workers?json=1") or {"data": []})["data"]
        return bool(known)

    until(is_known)
    (shown,) = known
    assert shown["status"] is True
    until(lambda: bool(read(f"{flower}/api/workers?refresh=1")))
    ((name, worker),) = read(f"{flower}/api/workers?refresh=1").items()
    assert name == shown["hostname"]
    assert {queue["name"] for queue in worker["active_queues"]} == {"embed", "commit"}
    with plant.opened() as core:
        core.worker.wake()
        until(lambda: bool(read(f"{flower}/api/tasks")))
    (task,) = list(read(f"{flower}/api/tasks").values())[:1]
    assert task["name"].startswith("ammon.")
