"""Kill workers and brokers at random moments of indexing; see that nothing is lost or paid twice.

    python -m bench.kills --kills 100                   workers and Redis, with and without its file
    python -m bench.kills --kills 20 --broker rabbitmq

Each run indexes a corpus with a chat model that is served over HTTP, takes a fixed time, and keeps
a book of its answers. Afterwards all documents must be indexed, the graph must equal the one that
a single undisturbed process makes, and no answer may have been given twice, unless the first one
came within a moment of a kill: it may then not have reached the store, or the worker.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Literal

from kg.jobs import TaskState
from server.core import Core
from tests.doubles.model_ledger import Ledger, ledger_server
from tests.doubles.plant import COLLECTION, WANTED, Plant, corpus, graph_of, undisturbed
from tests.servers.rabbitmq import RabbitServer
from tests.servers.redis import RedisServer

MOMENT = 0.25
"""Seconds within which an answer is on its way from the model into the store, on a busy machine."""
Broker = RedisServer | RabbitServer
Kind = Literal["redis", "redis-without-file", "rabbitmq"]


@dataclass(kw_only=True)
class Outcome:
    """What became of one run."""

    kills: int
    seconds: float
    calls: int
    indexed: int
    documents: int
    equal: bool
    """Whether the graph equals the undisturbed one."""
    twice: list[float] = field(default_factory=list)
    """For each answer that was given twice: seconds from the first one to the next kill."""

    @property
    def sound(self) -> bool:
        """Whether nothing was lost, and nothing was paid twice that had arrived."""
        late = [gap for gap in self.twice if gap > MOMENT]
        return self.equal and self.indexed == self.documents and not late


@dataclass(kw_only=True)
class Havoc:
    """A plant, and somebody who kills in it."""

    plant: Plant
    broker: Broker
    chance: random.Random
    roles: tuple[str, ...] = ("extract", "extract", "embed,commit")
    """The queues of each worker. Models are waited for in processes of their own: there nothing
    that computes stands between an answer and the store."""
    pause: tuple[float, float] = (0.3, 2.0)
    """Seconds between two kills, at least and most."""
    moments: list[float] = field(default_factory=list)
    """When somebody was killed."""
    _places: list[int] = field(default_factory=list)
    """The place in the plant of each role's present worker."""

    def begin(self) -> None:
        """Start the workers."""
        self._places = [self.plant.begin(queues) for queues in self.roles]
        for place in self._places:
            self.plant.wait_for(place, "worker begins")

    def strike(self, victims: int) -> None:
        """Kill somebody, and start them again a little later, so many times."""
        for _ in range(victims):
            time.sleep(self.chance.uniform(*self.pause))
            if self.chance.random() < 0.3:
                self._kill_broker()
            else:
                self._kill_worker()

    def _kill_worker(self) -> None:
        role = self.chance.randrange(len(self.roles))
        self.moments.append(time.time())
        self.plant.kill(self._places[role])
        self._places[role] = self.plant.begin(self.roles[role])
        self.plant.wait_for(self._places[role], "worker begins")

    def _kill_broker(self) -> None:
        self.moments.append(time.time())
        self.broker.kill()
        time.sleep(self.chance.uniform(0.0, 0.5))
        self.broker.start()


def run(
    folder: Path,
    broker: Broker,
    *,
    seed: int,
    kills: int,
    documents: int,
    passages: int = 3,
    seconds: float = 0.3,
    limit: float = 300.0,
    drafts: bool = True,
) -> Outcome:
    """Index a corpus while somebody kills; `seconds`: of one call. Raises: TimeoutError."""
    texts = corpus(documents, passages)
    ledger = Ledger(seconds=0.0)
    with ExitStack() as stack:
        model = stack.enter_context(ledger_server(ledger))
        wanted = undisturbed(folder / "undisturbed", model.url, texts)
        ledger.answered.clear()
        ledger.seconds = seconds
        plant = Plant(
            folder=folder,
            broker_url=broker.url,
            model_url=model.url,
            extra={"first_tier": str(drafts).lower()},
        )
        stack.callback(plant.close)
        havoc = Havoc(plant=plant, broker=broker, chance=random.Random(seed))
        core = stack.enter_context(plant.opened())
        core.create_collection(COLLECTION, WANTED)
        havoc.begin()
        began = time.monotonic()
        job = core.submit(COLLECTION, texts).job
        assert job is not None
        striker = Thread(target=havoc.strike, args=(kills,), daemon=True)
        striker.start()
        while striker.is_alive() or core.queue.job(job.id).open:
            if time.monotonic() - began > limit:
                raise TimeoutError(f"not done after {limit:.0f} s: {core.queue.job(job.id)}")
            time.sleep(0.1)
        return Outcome(
            kills=len(havoc.moments),
            seconds=time.monotonic() - began,
            calls=ledger.calls,
            indexed=core.queue.job(job.id).counts.get(TaskState.EXTRACTED, 0),
            documents=documents,
            equal=_settled(core, wanted),
            twice=[
                min((m - first for m in havoc.moments if m > first), default=float("inf"))
                for first, _ in ledger.doubled()
            ],
        )


def _settled(core: Core, wanted: str) -> bool:
    """Whether the graph is the wanted one once its synonyms are linked, by whoever publishes."""
    end = time.monotonic() + 30.0
    while time.monotonic() < end:
        if graph_of(core) == wanted:
            return True
        time.sleep(0.2)
    return False


@contextmanager
def started(kind: Kind, home: Path) -> Iterator[Broker]:
    """A broker that runs."""
    if kind == "rabbitmq":
        rabbit = RabbitServer(home=home)
        rabbit.start()
        try:
            yield rabbit
        finally:
            rabbit.close()
        return
    server = RedisServer(home=home, persistent=kind == "redis")
    server.start()
    try:
        yield server
    finally:
        server.kill()


def main() -> None:
    """Run and report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--kills-a-run", type=int, default=10)
    parser.add_argument("--documents", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    kinds = ["redis", "redis-without-file", "rabbitmq"]
    parser.add_argument("--broker", choices=kinds, action="append")
    chosen = parser.parse_args()
    brokers: list[Kind] = chosen.broker or ["redis", "redis-without-file"]
    kills = runs = 0
    while kills < chosen.kills:
        kind = brokers[runs % len(brokers)]
        number = min(chosen.kills_a_run, chosen.kills - kills)
        with tempfile.TemporaryDirectory() as name, started(kind, Path(name) / "broker") as broker:
            outcome = run(
                Path(name),
                broker,
                seed=chosen.seed + runs,
                kills=number,
                documents=chosen.documents,
            )
        kills, runs = kills + number, runs + 1
        print(f"{kind}: {'sound' if outcome.sound else 'NOT SOUND'} {outcome}", flush=True)


if __name__ == "__main__":
    main()
