"""Whatever is done to them, all queues answer alike."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.dump import dump
from kg.jobs import Budget, Progress
from kg.memory import MemoryStore
from kg.neo4j import Neo4jStore
from kg.sqlite import SQLiteStore
from kg.store import Change
from tests.conformance.material import (
    COLLECTION,
    SETTINGS,
    Clock,
    Store,
    document,
    document_id,
    graph,
)
from tests.servers.neo4j import Neo4jServer, wipe


@dataclass
class Desk:
    """A queue as seen by its users, who know tasks and jobs by their place, not by their ids."""

    store: Store
    clock: Clock
    tasks: list[str] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)

    def do(self, action: str, number: int, source: str) -> Any:
        """One action; `number` and `source` mean what it needs them for."""
        return getattr(self, action)(number, source)

    def enqueue(self, number: int, source: str) -> None:
        documents = [document(source, str(number)), document("z", str(number))]
        budget = Budget(tokens=number or None)
        job = self.store.enqueue(COLLECTION, documents, priority=number % 3, budget=budget)
        self.jobs.append(job.id)

    def begin(self, number: int, source: str) -> None:
        documents = [document(source, str(number))]
        job = self.store.enqueue(COLLECTION, documents, filler=source, seconds=number)
        self.jobs.append(job.id)

    def fill(self, number: int, source: str) -> Any:
        if not self.jobs:
            return None
        documents = [document("a", str(number)), document("z", str(number))][: number % 3]
        job = self.jobs[number % len(self.jobs)]
        return self.store.fill(job, documents, worker=source, seconds=number)

    def prune(self, number: int, _: str) -> int:
        gone = self.store.prune(seconds=number, keep=self.jobs[:1])
        there = {job.id for job in self.store.jobs()}
        self.jobs = [job for job in self.jobs if job in there]
        return gone

    def append(self, number: int, source: str) -> Any:
        if not self.jobs:
            return None
        documents = [document(source, str(number)), document("z", str(number))]
        passages = {document_id(source): number}
        job = self.jobs[number % len(self.jobs)]
        return self.store.append(job, documents, passages=passages).counts

    def lease(self, number: int, worker: str) -> Any:
        drafted = (None, None, False, True)[number % 4]
        leased = self.store.lease(worker=worker, limit=1 + number % 2, seconds=10, drafted=drafted)
        self.tasks += [one.id for one in leased]
        return [(one.document, one.attempts, one.error, one.drafted) for one in leased]

    def complete(self, number: int, source: str) -> int:
        change = Change(put=(graph(source, f"{number}"),), completed=(self.task(number),))
        return self.store.commit(COLLECTION, change)

    def draft(self, number: int, source: str) -> int:
        change = Change(put=(graph(source, f"{number}"),), drafted=(self.task(number),))
        return self.store.commit(COLLECTION, change)

    def fail(self, number: int, worker: str) -> None:
        self.store.fail(self.task(number), f"error {number}", worker=worker, retry=False)

    def retry(self, number: int, worker: str) -> None:
        self.store.fail(self.task(number), f"error {number}", worker=worker, retry=True)

    def release(self, number: int, worker: str) -> None:
        self.store.release([self.task(number)], worker=worker, reason=f"{number % 2 or ''}")

    def extend(self, number: int, worker: str) -> int:
        return len(self.store.extend([self.task(number)], worker=worker, seconds=10))

    def note(self, number: int, _: str) -> None:
        progress = Progress(passages=number, passages_done=1, input_tokens=number, cost=0.5)
        self.store.note_progress({self.task(number): progress}, anew=number % 2 == 0)

    def hold(self, number: int, worker: str) -> bool:
        return self.store.hold(f"{number % 2}", worker=worker, seconds=2)

    def let_go(self, number: int, worker: str) -> None:
        self.store.let_go(f"{number % 2}", worker=worker)

    def reclaim(self, _: int, dead: str) -> int:
        return self.store.reclaim(lambda worker: worker == dead)

    def withdraw(self, _: int, source: str) -> int:
        return self.store.withdraw(COLLECTION, [document_id(source)])

    def wait(self, seconds: int, _: str) -> None:
        self.clock.now += seconds

    def cancel(self, number: int, _: str) -> Any:
        return self.store.cancel(self.jobs[number % len(self.jobs)]).counts if self.jobs else None

    def retry_failed(self, number: int, _: str) -> Any:
        return self.store.retry_failed(self.jobs[number % len(self.jobs)]) if self.jobs else None

    def task(self, number: int) -> str:
        return self.tasks[number % len(self.tasks)] if self.tasks else "tsk-none"

    def placed(self, numbers: Mapping[str, int]) -> dict[int, int]:
        """What is told by jobs, by their places."""
        return {self.jobs.index(job): number for job, number in numbers.items()}

    def state(self) -> Any:
        every_task = [
            (task.source, task.state, task.attempts, task.error, task.worker, task.drafted)
            for job in self.jobs
            for task in self.store.tasks(job)
        ]
        every_job = [replace(job, id="") for job in self.store.jobs()]
        with self.store.read(COLLECTION) as reader:
            content = list(dump(reader))
        return (
            every_task,
            every_job,
            content,
            self.store.pending(COLLECTION),
            self.store.pending(COLLECTION, [document_id("z")]),
            self.store.waiting(),
            [self.jobs.index(job.id) for job in self.store.jobs(unfinished_at=1)],
            self.placed(self.store.waits_in(COLLECTION)),
            self.placed(self.store.waits_in(COLLECTION, [document_id("a")])),
            {key: self.jobs.index(job) for key, job in self.store.failed(COLLECTION).items()},
        )


actions = st.tuples(
    st.sampled_from(
        "enqueue enqueue begin fill prune append lease lease complete draft fail retry release "
        "extend reclaim withdraw wait cancel retry_failed note hold let_go".split()
    ),
    st.integers(0, 12),
    st.sampled_from("ab"),
)


@settings(max_examples=60, deadline=None, database=None)
@given(st.lists(actions, max_size=14))
def test_both_queues_answer_alike_after_every_action(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, str]]
) -> None:
    clock = Clock()
    on_disk = SQLiteStore(tmp_path_factory.mktemp("queue") / "ammon.sqlite", clock=clock)
    check_alike(on_disk, clock, steps)
    on_disk.close()


def test_neo4js_queue_answers_like_them(empty_neo4j: Neo4jServer) -> None:
    clock = Clock()
    store = Neo4jStore(empty_neo4j.uri, empty_neo4j.user, empty_neo4j.password, clock=clock)

    @settings(max_examples=10, deadline=None, database=None)
    @given(st.lists(actions, min_size=6, max_size=14))
    def answers_like_them(steps: list[tuple[str, int, str]]) -> None:
        wipe(empty_neo4j)  # named leases belong to no collection
        check_alike(store, clock, steps)

    answers_like_them()
    store.close()


def check_alike(store: Store, clock: Clock, steps: list[tuple[str, int, str]]) -> None:
    own = Clock()
    clock.now = own.now
    desks = Desk(MemoryStore(clock=own), own), Desk(store, clock)
    for desk in desks:
        desk.store.create_collection(COLLECTION, SETTINGS)
    for step in steps:
        answers = [desk.do(*step) for desk in desks]
        assert answers[0] == answers[1], step
        assert desks[0].state() == desks[1].state(), step
