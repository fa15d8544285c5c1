"""`ammon worker` says what it lacks."""

import pytest

from tests.doubles.command_line import Ammon


def test_without_a_broker_there_is_nothing_to_work_on(ammon: Ammon) -> None:
    said = ammon("worker")
    assert (said.code, "AMMON_BROKER_URL" in said.complaint) == (1, True)


@pytest.mark.parametrize("queues", ["extract,publish", " , "])
def test_a_queue_that_does_not_exist_is_refused(ammon: Ammon, queues: str) -> None:
    said = ammon("worker", "--queues", queues)
    assert (said.code, "extract, embed, commit" in said.complaint) == (2, True)
