"""A plant in which processes and servers are killed at random while a corpus is indexed."""

import json
import random
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Lock, Thread
from typing import Literal

from kg.jobs import TaskState
from kg.records import SourceDocument
from server.core import Core
from tests.doubles.chat_server import Answer
from tests.doubles.model_ledger import Ledger, ledger_server
from tests.doubles.plant import COLLECTION, WANTED, Plant, corpus, graph_of, undisturbed
from tests.doubles.waiting import until
from tests.servers import neo4j
from tests.servers.rabbitmq import RabbitServer
from tests.servers.redis import RedisServer
from tests.servers.sharing import State, free_port, stop

MOMENT = 0.1
"""Seconds within which an answer is on its way from its connection into a file, on a busy
machine."""
ROLES = ("extract", "extract", "embed,commit")
"""The queues of each worker. Models are waited for in processes of their own: there nothing that
computes stands between an answer and the store."""
Broker = RedisServer | RabbitServer
Kind = Literal["redis", "redis-without-file", "rabbitmq"]
Victim = Literal["worker", "broker", "api", "neo4j"]
WEIGHTS: Mapping[Victim, int] = {"worker": 5, "broker": 3, "api": 2, "neo4j": 5}
"""How often each is struck, in proportion."""


@dataclass(kw_only=True)
class Outcome:
    """What became of one run."""

    kills: dict[Victim, int]
    amid: int
    """How many of the kills came before the model's last answer: amid indexing beyond doubt."""
    seconds: float
    calls: int
    unread: int
    """Answers whose worker was killed before it took them from its connection: not in `calls`."""
    counted: int
    """Answers whose tokens are in the jobs' sums."""
    indexed: int
    documents: int
    equal: bool
    """Whether the graph equals the undisturbed one."""
    twice: list[float] = field(default_factory=list)
    """For each answer that was given twice: seconds between the first one and the next death."""

    @property
    def sound(self) -> bool:
        """Whether nothing was lost, nothing was paid twice that had arrived, and all that was paid
        was counted, but for what was lost and asked for again."""
        late = [gap for gap in self.twice if gap > MOMENT]
        rightly = self.calls - len(self.twice) <= self.counted <= self.calls
        return self.equal and self.indexed == self.documents and rightly and not late


@dataclass(kw_only=True)
class Havoc:
    """A plant, and somebody who kills in it."""

    plant: Plant
    broker: Broker
    store: State | None
    """Of a Neo4j, if there is one."""
    chance: random.Random
    pause: tuple[float, float] = (0.3, 2.0)
    """Seconds between two kills, at least and most."""
    port: int = field(default_factory=free_port)
    """The API's."""
    moments: list[tuple[float, Victim]] = field(default_factory=list)
    """When somebody was dead, and who."""
    _places: list[int] = field(default_factory=list)
    """The place in the plant of each role's present worker."""
    _api: int = 0
    _lock: Lock = field(default_factory=Lock)
    _restarting: Thread | None = None
    """Starts the store; others are killed meanwhile."""

    def begin(self) -> None:
        """Start the workers and the API."""
        self._places = [self.plant.begin(queues) for queues in ROLES]
        self._api = self.plant.begin_api(self.port)
        for place in self._places:
            self.plant.wait_for(place, "worker started", 120)

    def strike(self, victims: int) -> None:
        """Kill somebody who lives, and start them again, so many times."""
        kill: dict[Victim, Callable[[], None]] = {
            "worker": self._kill_worker,
            "broker": self._kill_broker,
            "api": self._kill_api,
            "neo4j": self._kill_store,
        }
        for _ in range(victims):
            time.sleep(self.chance.uniform(*self.pause))
            with self._lock:
                living = [one for one in WEIGHTS if self._lives(one)]
                (victim,) = self.chance.choices(living, [WEIGHTS[one] for one in living])
                kill[victim]()
        if self._restarting is not None:
            self._restarting.join()

    def supervise(self) -> None:
        """Start again what ended by itself, as while the store was away: once that is back."""
        if self._store_is_away:
            return
        with self._lock:
            for role, place in enumerate(self._places):
                if not self.plant.runs(place):
                    self._places[role] = self.plant.begin(ROLES[role])
            if not self.plant.runs(self._api):
                self._api = self.plant.begin_api(self.port)

    def end(self) -> None:
        """End the store that was started last."""
        if self._restarting is not None:
            self._restarting.join()
        if self.store is not None:
            stop(int(self.store["pid"]))

    def hand_in(self, documents: list[SourceDocument]) -> None:
        """Over HTTP, a few at a time, each again until the API says that it has them."""
        address = f"http://127.0.0.1:{self.port}/api/v1/collections/{COLLECTION}/documents"
        for start in range(0, len(documents), 5):
            rows = [
                {"source": one.source, "title": one.title, "text": one.text}
                for one in documents[start : start + 5]
            ]
            request = urllib.request.Request(
                address,
                data=json.dumps(rows).encode(),
                headers={"Content-Type": "application/json"},
            )
            until(partial(_accepted, request), 300)
            time.sleep(self.chance.uniform(0.0, 0.3))

    @property
    def _store_is_away(self) -> bool:
        return self._restarting is not None and self._restarting.is_alive()

    def _lives(self, victim: Victim) -> bool:
        match victim:
            case "worker":
                return any(map(self.plant.runs, self._places))
            case "api":
                return self.plant.runs(self._api)
            case "neo4j":
                return self.store is not None and not self._store_is_away
            case "broker":
                return True

    def _note(self, victim: Victim) -> None:
        self.moments.append((time.time(), victim))

    def _kill_worker(self) -> None:
        roles = [role for role, place in enumerate(self._places) if self.plant.runs(place)]
        role = self.chance.choice(roles)
        self.plant.kill(self._places[role])
        self._note("worker")
        if self._store_is_away:
            return  # nobody begins without it: see `supervise`
        self._places[role] = self.plant.begin(ROLES[role])
        if self.store is None:  # with a store that may go away, it may come much later, or never
            self.plant.wait_for(self._places[role], "worker started", 120)

    def _kill_broker(self) -> None:
        self.broker.kill()
        self._note("broker")
        time.sleep(self.chance.uniform(0.0, 0.5))
        self.broker.start()

    def _kill_api(self) -> None:
        self.plant.kill(self._api)
        self._note("api")
        if not self._store_is_away:
            self._api = self.plant.begin_api(self.port)

    def _kill_store(self) -> None:
        assert self.store is not None
        stop(int(self.store["pid"]))
        self._note("neo4j")
        self._restarting = Thread(target=self._restart_store, daemon=True)
        self._restarting.start()

    def _restart_store(self) -> None:
        assert self.store is not None
        time.sleep(self.chance.uniform(0.0, 2.0))
        ports = {name: int(self.store[key].rpartition(":")[2]) for name, key in _PORTS.items()}
        self.store = neo4j.start(Path(self.store["home"]), neo4j.installed(), **ports)


_PORTS = {"bolt": "uri", "http": "browser_url"}


def _accepted(request: urllib.request.Request) -> bool:
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - loopback
            return bool(answer.status == 202)
    except (urllib.error.URLError, OSError, EOFError):
        return False


def run(
    folder: Path,
    broker: Broker,
    *,
    seed: int,
    kills: int,
    documents: int,
    passages: int = 3,
    seconds: float = 0.3,
    limit: float = 400.0,
    drafts: bool = True,
    store: State | None = None,
) -> Outcome:
    """Index a corpus while somebody kills; `seconds`: of one call, `limit`: of the whole."""
    texts = corpus(documents, passages)
    ledger = Ledger(seconds=0.0)
    extra = {"first_tier": str(drafts).lower(), **_place(store)}
    with ExitStack() as stack:
        model = stack.enter_context(ledger_server(ledger))
        wanted = undisturbed(folder / "undisturbed", model.url, texts)
        ledger.answered.clear()
        ledger.unread = 0
        ledger.seconds = seconds
        plant = Plant(folder=folder, broker_url=broker.url, model_url=model.url, extra=extra)
        stack.callback(plant.close)
        havoc = Havoc(plant=plant, broker=broker, store=store, chance=random.Random(seed))
        if store is not None:
            havoc.pause = (0.3, 6.0)  # or all would be killed while it starts, and it but once
        stack.callback(havoc.end)
        with plant.opened() as core:
            core.create_collection(COLLECTION, WANTED)
        havoc.begin()
        began = time.monotonic()
        _rage(havoc, kills, texts, until=began + limit)
        with plant.opened() as core:
            while core.queue.waiting() and time.monotonic() - began < limit:
                time.sleep(0.5)
                havoc.supervise()
            took = time.monotonic() - began
            tokens = sum(job.progress.output_tokens for job in core.queue.jobs())
            indexed = sum(job.counts.get(TaskState.EXTRACTED, 0) for job in core.queue.jobs())
            return Outcome(
                kills={name: _times(havoc, name) for name in WEIGHTS},
                amid=sum(moment < ledger.last for moment, _ in havoc.moments),
                seconds=took,
                calls=ledger.calls,
                unread=ledger.unread,
                counted=tokens // Answer().usage[1],
                indexed=indexed,
                documents=documents,
                equal=_settled(core, wanted),
                twice=[_gap(havoc, first) for first, _ in ledger.doubled()],
            )


def _place(store: State | None) -> Mapping[str, str]:
    """The settings of a Neo4j, if there is one."""
    if store is None:
        return {}
    return {"store": "neo4j", "neo4j_uri": store["uri"], "neo4j_password": store["password"]}


def _rage(havoc: Havoc, kills: int, documents: list[SourceDocument], *, until: float) -> None:
    """Kill, and hand documents in, both at once."""
    threads = [
        Thread(target=havoc.strike, args=(kills,), daemon=True),
        Thread(target=havoc.hand_in, args=(documents,), daemon=True),
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads) and time.monotonic() < until:
        time.sleep(1.0)
        havoc.supervise()


def _times(havoc: Havoc, victim: Victim) -> int:
    return sum(name == victim for _, name in havoc.moments)


def _gap(havoc: Havoc, answered: float) -> float:
    later = (moment - answered for moment, _ in havoc.moments if moment > answered)
    return min(later, default=float("inf"))


def _settled(core: Core, wanted: str) -> bool:
    """Whether the graph is the wanted one once its synonyms are linked, by whoever publishes."""
    end = time.monotonic() + 60.0
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
