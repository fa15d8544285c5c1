"""Kill workers, the API, brokers and the store at random moments; see that nothing is lost or paid
twice.

    python -m bench.kills --kills 100                     Redis, with and without its file; SQLite
    python -m bench.kills --kills 20 --broker rabbitmq
    python -m bench.kills --kills 20 --store neo4j        Neo4j is killed, too

Each run indexes a corpus, handed in over HTTP, with a chat model that is served over HTTP, takes a
fixed time, and keeps a book of its answers. Afterwards all documents must be indexed, the graph
must equal the one that a single undisturbed process makes, and no answer may have been given twice,
unless the first one came within a moment of a kill: it may then not have reached the store. Kills
count that came before the model's last answer. Exits with 1 if a run was not sound; its folder,
with what its processes said, is kept then.
"""

import argparse
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench import arguments as given
from bench.havoc import Kind, Outcome, run, started
from bench.options import launch
from tests.servers import neo4j
from tests.servers.sharing import State, stop


@contextmanager
def _store(kind: str, home: Path) -> Iterator[State | None]:
    """A Neo4j of one's own; None for SQLite, which needs nobody."""
    if kind == "sqlite":
        yield None
        return
    home.mkdir()
    state = neo4j.start(home, neo4j.installed())
    try:
        yield state
    finally:
        stop(int(state["pid"]))


def main() -> None:
    """Run and report."""
    chosen = _parsed()
    brokers: list[Kind] = chosen.broker or ["redis", "redis-without-file"]
    kills: Counter[str] = Counter()
    amid = runs = calls = twice = unread = counted = 0
    sound = True
    while amid < chosen.kills:
        kind = brokers[runs % len(brokers)]
        outcome = _run(
            chosen, kind, chosen.seed + runs, min(chosen.kills_a_run, chosen.kills - amid)
        )
        print(f"{kind}: {'sound' if outcome.sound else 'NOT SOUND'} {outcome}", flush=True)
        kills.update({kind if who == "broker" else who: n for who, n in outcome.kills.items()})
        amid, runs, calls = amid + outcome.amid, runs + 1, calls + outcome.calls
        twice, sound = twice + len(outcome.twice), sound and outcome.sound
        unread, counted = unread + outcome.unread, counted + outcome.counted
    print(
        f"{amid} kills amid indexing, in {runs} runs: {dict(kills)}; {calls} answers received, "
        f"{twice} twice, {counted} in the jobs' sums; {unread} more were sent to workers that "
        "were dead before they took them from their connections"
    )
    sys.exit(not sound)


def _run(chosen: argparse.Namespace, kind: Kind, seed: int, kills: int) -> Outcome:
    folder = Path(tempfile.mkdtemp(prefix="ammon-kills-"))
    with (
        started(kind, folder / "broker") as broker,
        _store(chosen.store, folder / "store") as store,
    ):
        outcome = run(
            folder, broker, seed=seed, kills=kills, documents=chosen.documents, store=store
        )
    if outcome.sound:
        shutil.rmtree(folder)
    else:
        print(f"What the processes said is in {folder}.", flush=True)
    return outcome


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--kills", type=given.at_least(1), default=100)
    parser.add_argument("--kills-a-run", type=given.at_least(1), default=10)
    parser.add_argument("--documents", type=given.at_least(1), default=80)
    parser.add_argument("--seed", type=given.at_least(0), default=1)
    kinds = ["redis", "redis-without-file", "rabbitmq"]
    parser.add_argument("--broker", choices=kinds, action="append")
    parser.add_argument("--store", choices=["sqlite", "neo4j"], default="sqlite")
    return parser.parse_args()


if __name__ == "__main__":
    launch(main, pytest.skip.Exception, pytest.fail.Exception)
