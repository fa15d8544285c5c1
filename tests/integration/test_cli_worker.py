"""`ammon worker` says what it lacks."""

import pytest

from tests.doubles.command_line import Ammon
from tests.servers.rabbitmq import rabbit_url

__all__ = ["rabbit_url"]


def test_without_a_broker_there_is_nothing_to_work_on(ammon: Ammon) -> None:
    said = ammon("worker")
    assert (said.code, "AMMON_BROKER_URL" in said.complaint) == (1, True)


@pytest.mark.parametrize("queues", ["extract,publish", " , "])
def test_a_queue_that_does_not_exist_is_refused(ammon: Ammon, queues: str) -> None:
    said = ammon("worker", "--queues", queues)
    assert (said.code, "extract, embed, commit" in said.complaint) == (2, True)


@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("worker",), ("ingest", ".")])
def test_a_broker_that_lets_nobody_in_ends_a_command_in_a_line(
    ammon: Ammon, rabbit_url: str, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("celery", reason="pip install -e '.[celery]'")
    monkeypatch.setenv("AMMON_BROKER_URL", rabbit_url.replace("guest:guest", "guest:wrong"))
    said = ammon(*command)
    assert said.code == 1
    assert "amqp://USER:PASSWORD@host" in said.complaint
