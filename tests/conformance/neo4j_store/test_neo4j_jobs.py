"""Jobs in Neo4j: their sums, and the clock that leases go by."""

import time
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

import pytest

from kg.jobs import Progress, TaskState
from kg.neo4j import Neo4jStore, queued
from kg.store import Change
from tests.conformance.material import (
    COLLECTION,
    Clock,
    document,
    document_id,
    extraction,
    graph,
    written,
)
from tests.conformance.neo4j_store.asking import asked, opened
from tests.servers.neo4j import Neo4jServer

if TYPE_CHECKING:
    from neo4j import Driver


def test_a_job_whose_deletion_was_cut_short_counts_what_is_left(
    store: Neo4jStore,
    empty_neo4j: Neo4jServer,
    driver: "Driver",
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = store.enqueue(COLLECTION, [document(str(number)) for number in range(9)])
    leased = store.lease(worker="w", limit=5, seconds=60)
    store.note_progress({task.id: Progress(passages=4, passages_done=3) for task in leased})
    store.fail(leased[0].id, "It is damaged.", worker="w", retry=False)
    store.withdraw(COLLECTION, [document_id("8")])
    store.commit(COLLECTION, Change(put=(graph("1", "x"),), completed=(leased[1].id,)))
    monkeypatch.setattr(queued, "_FORGOTTEN_TASKS", 3)
    for left in (6, 3):
        assert store._database.write(lambda work: queued.forget(queued.alone(work), [job.id])) == 0
        found = store.job(job.id)
        assert found.total == left
        asked(driver, "MATCH (j:Job) REMOVE j.open")  # then the next opening sums up its tasks
        opened(empty_neo4j, clock).close()
        assert store.job(job.id) == found


def test_a_job_of_a_version_that_knew_of_nothing_superseded_counts_that_too(
    store: Neo4jStore, driver: "Driver"
) -> None:
    job = store.enqueue(COLLECTION, [document("a"), document("b")])
    asked(driver, "MATCH (j:Job) REMOVE j.superseded")
    assert store.job(job.id).counts == {TaskState.QUEUED: 2}
    store.enqueue(COLLECTION, [document("a", "newer")])
    assert store.job(job.id).counts == {TaskState.QUEUED: 1, TaskState.SUPERSEDED: 1}


@pytest.mark.parametrize("version", [1, 2, 3])
def test_jobs_that_an_older_version_made_are_counted_when_the_database_is_opened(
    store: Neo4jStore, driver: "Driver", empty_neo4j: Neo4jServer, version: int
) -> None:
    store.commit(COLLECTION, written("old", "Ann likes Bob"))
    job = store.enqueue(COLLECTION, [document(name) for name in "abcde"])
    one, other, third = store.lease(worker="w", limit=3, seconds=60)
    store.note_progress({one.id: Progress(passages=3, passages_done=1)})
    store.commit(COLLECTION, Change(drafted=(other.id,)))
    store.fail(third.id, "no", worker="w", retry=False)
    store.enqueue(COLLECTION, [document("e", "newer")])
    empty = store.enqueue(COLLECTION, [])
    before = [store.job(job.id), store.job(empty.id)]
    sums = [str(state) for state in TaskState] + ["open", "drafts", "passages", "passages_done"]
    driver.execute_query(
        "MATCH (j:Job) REMOVE " + ", ".join(f"j.{name}" for name in sums), database_="neo4j"
    )
    driver.execute_query("MATCH (a:Ammon) SET a.version = $v", v=version, database_="neo4j")
    again = Neo4jStore(empty_neo4j.uri, empty_neo4j.user, empty_neo4j.password, clock=Clock())
    assert [again.job(job.id), again.job(empty.id)] == before
    assert again.waiting(COLLECTION) == 4
    again.close()


def test_leases_end_by_the_server_s_clock_whatever_a_machine_s_own_says(
    store: Neo4jStore, empty_neo4j: Neo4jServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = (empty_neo4j.uri, empty_neo4j.user, empty_neo4j.password)
    here = Neo4jStore(*address)
    assert here.hold("sweep", worker="here", seconds=60)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3600)
    there = Neo4jStore(*address)
    assert not there.hold("sweep", worker="there", seconds=60)
    job = there.enqueue(COLLECTION, [document("a")])
    assert abs(job.created_at.timestamp() - now) < 60
    here.close()
    there.close()


def test_who_saves_an_answer_waits_for_nobody_that_changes_tasks(
    store: Neo4jStore, driver: "Driver"
) -> None:
    (task,) = store.tasks(store.enqueue(COLLECTION, [document("a")]).id)
    spent = {task.id: Progress(input_tokens=5)}
    with driver.session() as session, session.begin_transaction() as busy:
        busy.run("MATCH (a:Ammon) SET a.name = a.name").consume()
        with ThreadPoolExecutor(1) as pool:
            saving = pool.submit(
                store.swap_extraction,
                COLLECTION,
                extraction("x"),
                instead_of=None,
                progress=spent,
            )
            done = wait([saving], timeout=60).done
            busy.rollback()
        assert done
    assert store.job(task.job_id).progress.input_tokens == 5
