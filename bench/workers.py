"""How much faster several workers extract than one, with a chat model of fixed latency.

    python -m bench.workers --workers 1 2 8

Each worker is a process that takes one message at a time, so four passages at once. What counts is
the time from handing in to the last document's commit. All share this machine's processors and one
SQLite store, so the figure says what the pipeline itself leaves undone, not what more machines add.
"""

import argparse
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from bench import arguments as given
from bench.options import launch
from kg.records import SourceDocument
from server.core import Core
from tests.doubles.model_ledger import Ledger, ledger_server
from tests.doubles.plant import COLLECTION, WANTED, Plant, corpus
from tests.doubles.waiting import until
from tests.servers.redis import RedisServer

PASSAGES = 4
"""In each document: one batch."""


def measure(workers: int, documents: int, latency: float) -> tuple[float, int]:
    """Seconds that so many workers take, and the most calls that were under way at once."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        broker = RedisServer(home=folder / "broker")
        broker.start()
        stack.callback(broker.kill)
        ledger = Ledger(seconds=0.0)
        model = stack.enter_context(ledger_server(ledger))
        plant = Plant(
            folder=folder,
            broker_url=broker.url,
            model_url=model.url,
            extra={"first_tier": "false", "llm_concurrency": "64"},
        )
        stack.callback(plant.close)
        core = stack.enter_context(plant.opened())
        core.create_collection(COLLECTION, WANTED)
        places = [plant.begin("extract", 1) for _ in range(workers)]
        places.append(plant.begin("embed,commit", 1))
        for place in places:
            plant.wait_for(place, "worker started", 300)
        ledger.seconds = 0.2
        _index(core, _documents("warm", 4 * workers))
        model.most_at_once = 0
        ledger.seconds = latency
        return _index(core, _documents("real", documents)), model.most_at_once


def _documents(name: str, number: int) -> list[SourceDocument]:
    return [
        SourceDocument(source=f"{name}-{one.source}", title=f"{name} {one.title}", text=one.text)
        for one in corpus(number, PASSAGES)
    ]


def _index(core: Core, documents: list[SourceDocument]) -> float:
    began = time.monotonic()
    core.submit(COLLECTION, documents)
    until(lambda: not core.queue.waiting(), 900)
    return time.monotonic() - began


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--workers", type=given.at_least(1), nargs="+", default=[1, 2, 8])
    parser.add_argument("--documents", type=given.at_least(1), default=64)
    parser.add_argument("--latency", type=given.above_zero, default=1.0, help="seconds of one call")
    chosen = parser.parse_args()
    took: dict[int, float] = {}
    for number in chosen.workers:
        took[number], at_once = measure(number, chosen.documents, chosen.latency)
        ideal = chosen.documents * 2 * chosen.latency / number
        print(
            f"{number} workers: {took[number]:.1f} s, of which waiting for the model takes "
            f"{ideal:.1f} s; {at_once} calls at once",
            flush=True,
        )
    for number, seconds in took.items():
        if 1 in took:
            print(f"{number} workers are {took[1] / seconds:.2f} times as fast as one")


if __name__ == "__main__":
    launch(main, pytest.skip.Exception, pytest.fail.Exception)
