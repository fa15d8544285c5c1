"""A worker whose broker's client gave up replaces itself, unless somebody wants it to end."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doubles.plant import Plant
from tests.doubles.waiting import until
from tests.servers.redis import RedisServer, redis_server

__all__ = ["redis_server"]

pytest.importorskip("celery", reason="the workers are missing: pip install -e '.[celery]'")

GIVES_UP = """
import re
from server.broker import address
from tests.doubles.worker_process import main
address._DATABASE = re.compile(".*")  # so that the client finds an address that it cannot use
main(["extract", "1", "12"])
"""


@pytest.fixture
def plant(tmp_path: Path, redis_server: RedisServer) -> Iterator[Plant]:
    url = redis_server.url.rpartition("/")[0] + "/nowhere"
    plant = Plant(folder=tmp_path, broker_url=url, model_url="http://127.0.0.1:9/v1")
    yield plant
    plant.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_worker_that_is_about_to_replace_itself(
    plant: Plant, number: signal.Signals
) -> None:
    worker = plant.begin_script(GIVES_UP)
    plant.wait_for(worker, "worker stopped")
    plant.workers[worker].send_signal(number)
    assert plant.workers[worker].wait(10.0) == 0
    assert plant.log(worker).count("worker started") == 1


def test_a_worker_whose_client_gave_up_replaces_itself(plant: Plant) -> None:
    worker = plant.begin_script(GIVES_UP)
    until(lambda: plant.log(worker).count("worker started") == 2)
    assert plant.runs(worker)
