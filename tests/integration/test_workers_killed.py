"""kill -9 of workers and brokers, a few times: nothing is lost, nothing is paid twice.

`python -m bench.kills` does so a hundred times.
"""

from pathlib import Path

import pytest

from bench.havoc import Kind, run, started
from tests.servers.sharing import need

pytest.importorskip("celery", reason="the workers are missing: pip install -e '.[celery]'")


@pytest.mark.parametrize(("kind", "seed"), [("redis", 7), ("redis-without-file", 11)])
def test_nothing_is_lost_when_processes_are_killed(tmp_path: Path, kind: Kind, seed: int) -> None:
    need("redis-server", "install the package redis-server")
    with started(kind, tmp_path / "broker") as broker:
        outcome = run(
            tmp_path,
            broker,
            seed=seed,
            kills=3,
            documents=20,
            passages=2,
            seconds=0.2,
            drafts=False,
        )
    assert outcome.indexed == outcome.documents
    assert outcome.equal, "the graph is the one that an undisturbed process makes"
    assert outcome.sound, f"answers that had arrived were asked for again: {outcome.twice}"
