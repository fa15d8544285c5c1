"""Kill workers, the API, brokers and the store at random moments; see that nothing is lost or paid
twice.

    python -m bench.kills --kills 100                     Redis, with and without its file; SQLite
    python -m bench.kills --kills 20 --broker rabbitmq
    python -m bench.kills --kills 20 --store neo4j        Neo4j is killed, too

Each run indexes a corpus, handed in over HTTP, with a chat model that is served over HTTP, takes a
fixed time, and keeps a book of its answers. Afterwards all documents must be indexed, the graph
must equal the one that a single undisturbed process makes, and no answer may have been given twice,
unless the first one came within a moment of a kill: it may then not have reached the store.
"""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.havoc import Kind, run, started
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
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--kills-a-run", type=int, default=10)
    parser.add_argument("--documents", type=int, default=80)
    parser.add_argument("--seed", type=int, default=1)
    kinds = ["redis", "redis-without-file", "rabbitmq"]
    parser.add_argument("--broker", choices=kinds, action="append")
    parser.add_argument("--store", choices=["sqlite", "neo4j"], default="sqlite")
    chosen = parser.parse_args()
    brokers: list[Kind] = chosen.broker or ["redis", "redis-without-file"]
    kills = runs = 0
    while kills < chosen.kills:
        kind = brokers[runs % len(brokers)]
        number = min(chosen.kills_a_run, chosen.kills - kills)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            with (
                started(kind, folder / "broker") as broker,
                _store(chosen.store, folder / "store") as store,
            ):
                outcome = run(
                    folder,
                    broker,
                    seed=chosen.seed + runs,
                    kills=number,
                    documents=chosen.documents,
                    store=store,
                )
        kills, runs = kills + number, runs + 1
        print(f"{kind}: {'sound' if outcome.sound else 'NOT SOUND'} {outcome}", flush=True)


if __name__ == "__main__":
    main()
