"""`ammon worker` says what it lacks."""

from pathlib import Path

import pytest

from server.cli import main
from tests.doubles.house import open_house


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMMON_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def test_without_a_broker_there_is_nothing_to_work_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["worker"], opener=open_house) == 1
    assert "AMMON_BROKER_URL" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("queues", ["extract,publish", " , "])
def test_a_queue_that_does_not_exist_is_refused(
    capsys: pytest.CaptureFixture[str], queues: str
) -> None:
    assert main(["worker", "--queues", queues], opener=open_house) == 2
    assert "extract, embed, commit" in " ".join(capsys.readouterr().err.replace("│", " ").split())
