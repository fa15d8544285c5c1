"""A worker that waits for its broker is seen to wait."""

import urllib.request
from pathlib import Path

import pytest

from tests.doubles.plant import Plant
from tests.servers.sharing import free_port

pytest.importorskip("celery", reason="the workers are missing: pip install -e '.[celery]'")


def test_metrics_are_served_while_the_broker_is_away(tmp_path: Path) -> None:
    port = free_port()
    plant = Plant(
        folder=tmp_path,
        broker_url=f"redis://127.0.0.1:{free_port()}/0",
        model_url="http://127.0.0.1:9/v1",
        extra={"metrics_port": str(port)},
    )
    try:
        worker = plant.begin()
        plant.wait_for(worker, "broker unavailable; waiting for it")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
            assert b"ammon_documents_waiting" in answer.read()
    finally:
        plant.close()
