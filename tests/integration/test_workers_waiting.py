"""Documents that wait for a model say why, wherever one looks."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from server.reports.collection_status import collection_status
from server.reports.status import job_status
from tests.doubles.chat_server import Answer, ChatServer
from tests.doubles.plant import COLLECTION, WANTED, Plant, corpus
from tests.doubles.waiting import until
from tests.servers.redis import RedisServer
from tests.servers.sharing import need

pytest.importorskip("celery", reason="the workers are missing: pip install -e '.[celery]'")


def test_a_model_that_nobody_knows_is_why_documents_wait(tmp_path: Path) -> None:
    need("redis-server", "install the package redis-server")
    with ExitStack() as stack:
        model = stack.enter_context(ChatServer(lambda _: Answer(status=404, content="no such")))
        broker = RedisServer(home=tmp_path / "broker")
        plant = Plant(
            folder=tmp_path,
            broker_url=broker.url,
            model_url=model.url,
            extra={"first_tier": "false"},
        )
        stack.callback(plant.close)
        broker.start()
        stack.callback(broker.kill)
        core = stack.enter_context(plant.opened())
        core.create_collection(COLLECTION, WANTED)
        job = core.submit(COLLECTION, corpus(1)).job
        assert job is not None
        worker = plant.begin()
        until(lambda: bool(job_status(core, core.queue.job(job.id)).waiting_because))
        told = job_status(core, core.queue.job(job.id)).waiting_because
        assert "does not know the model" in told
        assert "AMMON_LLM_MODEL" in collection_status(core, COLLECTION).waiting_because
        assert "superuser" not in plant.log(worker), "messages are JSON: there is nothing to fear"
