"""What only the store in Neo4j has: a server, other people's data beside it, and a Browser."""

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from kg import ids
from kg.errors import (
    CollectionExists,
    CollectionNotFound,
    DependencyMissing,
    InputError,
    StoreUnavailable,
    StoreVersionUnknown,
)
from kg.jobs import Progress, TaskState
from kg.neo4j import Neo4jStore, queued
from kg.neo4j.browser import answer_link
from kg.store import Change
from tests.conformance.material import (
    COLLECTION,
    SETTINGS,
    Clock,
    document,
    document_id,
    entity_id,
    extraction,
    graph,
    link,
    names,
    passage_id,
    removed,
    written,
)
from tests.doubles.waiting import until
from tests.servers.neo4j import Neo4jServer, connected
from tests.servers.sharing import free_port

if TYPE_CHECKING:
    from neo4j import Driver

ROOT = Path(__file__).parents[2]
WRITE = """
import sys
from kg.neo4j import Neo4jStore
from tests.conformance.material import COLLECTION, written

uri, password, name, number = sys.argv[1:]
store = Neo4jStore(uri, "neo4j", password)
for each in range(int(number)):
    store.commit(COLLECTION, written(f"{name} {each}", f"Ann likes {name}x{each}", "shared is x"))
    with store.read(COLLECTION) as reader:
        counts = reader.counts()
        assert counts["documents"] == reader.collection.revision, counts
        assert len(list(reader.placements())) == 2 * counts["documents"], counts
    print(each, flush=True)
store.close()
"""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(empty_neo4j: Neo4jServer, clock: Clock) -> Iterator[Neo4jStore]:
    store = opened(empty_neo4j, clock)
    store.create_collection(COLLECTION, SETTINGS)
    yield store
    store.close()


@pytest.fixture
def driver(empty_neo4j: Neo4jServer) -> "Iterator[Driver]":
    with connected(empty_neo4j) as driver:
        yield driver


def opened(server: Neo4jServer, clock: Any = time.time) -> Neo4jStore:
    return Neo4jStore(server.uri, server.user, server.password, clock=clock)


def asked(driver: "Driver", query: Any, **parameters: Any) -> list[Any]:
    """Rows as a person sees them who asks in Neo4j Browser."""
    return [record.values() for record in driver.execute_query(query, parameters).records]


def test_people_see_documents_passages_and_entities(store: Neo4jStore, driver: "Driver") -> None:
    store.commit(COLLECTION, written("a", "Ann likes Bob", "Bob likes Cid"))
    link(store, "ann cid")
    assert asked(
        driver,
        "MATCH (d:Document)-[at:HAS_PASSAGE {ordinal: 0}]->(p:Passage)-[:NEXT]->(q:Passage) "
        "RETURN d.title, d.source, at.start, at.end, p.text, q.text",
    ) == [["On a", "a", 0, 13, "Ann likes Bob", "Bob likes Cid"]]
    assert asked(
        driver,
        "MATCH (:Passage {text: 'Ann likes Bob'})-[m:MENTIONS]->(e:Entity) "
        "RETURN e.name, m.surface ORDER BY e.name",
    ) == [["ann", "Ann"], ["bob", "Bob"]]
    assert asked(
        driver,
        "MATCH (s:Entity {name: 'ann'})-[r:RELATES]->(o:Entity) "
        "RETURN r.relation, o.name, r.passage_id, r.fact_id",
    ) == [
        [
            "likes",
            "bob",
            passage_id("Ann likes Bob"),
            ids.fact_id(COLLECTION, "ann", "likes", "bob"),
        ]
    ]
    assert asked(
        driver, "MATCH (s:Entity)-[r:SYNONYM]->(o:Entity) RETURN s.name, o.name, r.score"
    ) == [["ann", "cid", 0.9]]
    assert asked(driver, "MATCH (c:Collection) RETURN c.name, c.revision, c.extractor") == [
        [COLLECTION, 1, "hand"]
    ]


def test_people_see_jobs_and_their_tasks(store: Neo4jStore, driver: "Driver") -> None:
    job = store.enqueue(COLLECTION, [document("b")], priority=3)
    assert asked(
        driver, "MATCH (t:Task)-[:PART_OF]->(j:Job) RETURN j.id, j.priority, t.source, t.state"
    ) == [[job.id, 3, "b", "queued"]]


def test_a_fact_that_two_passages_state_is_a_relation_from_each(
    store: Neo4jStore, driver: "Driver"
) -> None:
    store.commit(COLLECTION, written("a", "Ann likes Bob", "ANN likes Bob"))
    relations = "MATCH ()-[r:RELATES]->() RETURN count(r), count(DISTINCT r.fact_id)"
    assert asked(driver, relations) == [[2, 1]]


def test_a_link_draws_a_fact_once_as_the_answers_passages_state_it(
    store: Neo4jStore, driver: "Driver"
) -> None:
    texts = ["Ann likes Bob", "ANN likes Bob", "Ann likes BOB", "ANN likes BOB"]
    store.commit(COLLECTION, written("a", *texts))
    for chosen in texts:
        address = answer_link(
            "http://neo4j.example",
            database="neo4j",
            collection=COLLECTION,
            passages=[passage_id(chosen)],
            entities=[],
            facts=[ids.fact_id(COLLECTION, "ann", "likes", "bob")],
        )
        (query,) = parse_qs(urlsplit(address).query)["arg"]
        ways = [way for (way,) in asked(driver, query)]
        drawn = [relation for way in ways for relation in way.relationships]
        assert sorted(one.type for one in drawn) == ["HAS_PASSAGE", "RELATES"]
        assert [one["passage_id"] for one in drawn if one.type == "RELATES"] == [passage_id(chosen)]


def test_a_link_draws_few_of_the_documents_that_share_a_passage(
    store: Neo4jStore, driver: "Driver"
) -> None:
    for number in range(12):
        store.commit(COLLECTION, written(str(number), "Ann likes Bob"))
    address = answer_link(
        "http://neo4j.example",
        database="neo4j",
        collection=COLLECTION,
        passages=[passage_id("Ann likes Bob")],
        entities=[],
        facts=[ids.fact_id(COLLECTION, "ann", "likes", "eve")],
    )
    (query,) = parse_qs(urlsplit(address).query)["arg"]
    assert len(asked(driver, query)) == 10


def test_nothing_is_left_of_a_document_that_went(store: Neo4jStore, driver: "Driver") -> None:
    store.commit(COLLECTION, written("a", "Ann likes Bob", "Bob likes Cid", "Ann likes Bob"))
    link(store, "ann cid")
    store.commit(COLLECTION, removed("a"))
    assert asked(driver, "MATCH (n) RETURN labels(n)[0] AS label, count(*) ORDER BY label") == [
        ["Ammon", 1],
        ["Collection", 1],
        ["Revision", 2],
    ]
    assert asked(driver, "MATCH ()-[r]->() RETURN count(r)") == [[0]]


def test_the_way_through_a_document_is_its_own(store: Neo4jStore, driver: "Driver") -> None:
    store.commit(COLLECTION, Change(put=(graph("a", "x", "y"), graph("b", "x", "y"))))
    store.commit(COLLECTION, Change(put=(graph("a", "y", "x"),)))
    steps = (
        "MATCH (p:Passage)-[n:NEXT]->(q:Passage) "
        "RETURN n.document_id = $a AS of_a, p.text, q.text ORDER BY of_a"
    )
    assert asked(driver, steps, a=document_id("a")) == [[False, "x", "y"], [True, "y", "x"]]


def test_other_peoples_data_stay(store: Neo4jStore, driver: "Driver") -> None:
    asked(driver, "CREATE (:Person {name: 'Ann'})-[:KNOWS]->(:Person {name: 'Bob'})")
    store.commit(COLLECTION, written("a", "Ann likes Bob"))
    store.delete_collection(COLLECTION)
    assert asked(driver, "MATCH (p:Person) RETURN count(p)") == [[2]]
    assert asked(driver, "MATCH (n:Entity) RETURN count(n)") == [[0]]


def test_two_collections_of_one_database_share_no_entity(
    store: Neo4jStore, driver: "Driver"
) -> None:
    store.create_collection("other", SETTINGS)
    for name in (COLLECTION, "other"):
        store.commit(name, written("a", "Ann likes Bob"))
    store.delete_collection("other")
    assert asked(driver, "MATCH (e:Entity) RETURN DISTINCT e.collection") == [[COLLECTION]]
    assert names(store) == {"ann", "bob"}


def test_a_deletion_that_was_cut_short_is_finished_by_who_takes_the_name(
    store: Neo4jStore, driver: "Driver"
) -> None:
    store.commit(COLLECTION, written("a", "Ann likes Bob"))
    asked(driver, "MATCH (c:Collection) REMOVE c:Collection SET c:DeletedCollection")
    assert not store.collections()
    store.create_collection(COLLECTION, SETTINGS)
    assert names(store) == set()
    assert asked(driver, "MATCH (n:DeletedCollection) RETURN n") == []


DELETE = """
import os, sys
from kg.neo4j import Neo4jStore
from kg.neo4j.making import Making
from tests.conformance.material import COLLECTION

uri, password = sys.argv[1:]
Making.delete_rest = lambda self, name: os._exit(9)
Neo4jStore(uri, "neo4j", password).delete_collection(COLLECTION)
"""
LEFT = "MATCH (n) WHERE NOT n:Ammon RETURN DISTINCT labels(n)[0]"


def killed_while_deleting(store: Neo4jStore, server: Neo4jServer) -> None:
    """A collection with a job, and a process that dies after its first transaction."""
    store.commit(COLLECTION, written("a", "Ann likes Bob"))
    store.enqueue(COLLECTION, [document("b"), document("c")])
    done = subprocess.run(
        [sys.executable, "-c", DELETE, server.uri, server.password], cwd=ROOT, check=False
    )
    assert done.returncode == 9


def test_a_deletion_that_was_killed_is_finished_by_a_worker(
    store: Neo4jStore, empty_neo4j: Neo4jServer, driver: "Driver"
) -> None:
    killed_while_deleting(store, empty_neo4j)
    assert not store.collections()
    assert store.finish_deletions(seconds=60)
    assert asked(driver, LEFT) == []
    assert store.finish_deletions(seconds=60)


def test_a_deletion_that_was_killed_is_finished_by_another_one(
    store: Neo4jStore, empty_neo4j: Neo4jServer, driver: "Driver"
) -> None:
    killed_while_deleting(store, empty_neo4j)
    store.delete_collection(COLLECTION)
    assert asked(driver, LEFT) == []
    with pytest.raises(CollectionNotFound):
        store.delete_collection(COLLECTION)


def test_a_deletion_that_was_killed_is_finished_by_whoever_opens_the_store(
    store: Neo4jStore, empty_neo4j: Neo4jServer, driver: "Driver"
) -> None:
    killed_while_deleting(store, empty_neo4j)
    other = opened(empty_neo4j)
    until(lambda: not asked(driver, LEFT))
    other.close()


def test_a_deletion_takes_many_jobs_and_tasks_in_portions(
    store: Neo4jStore, driver: "Driver", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queued, "_FORGOTTEN_TASKS", 3)
    for first in range(3):
        store.enqueue(COLLECTION, [document(f"{first} {number}") for number in range(5)])
    store.create_collection("other", SETTINGS)
    kept = store.enqueue("other", [document("b")])
    store.delete_collection(COLLECTION)
    assert asked(driver, "MATCH (j:Job) RETURN j.id") == [[kept.id]]
    assert asked(driver, "MATCH (t:Task) RETURN count(t)") == [[1]]


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


def test_a_restoration_that_died_is_cleared_away_after_a_while(
    store: Neo4jStore, driver: "Driver", clock: Clock
) -> None:
    store.commit(COLLECTION, written("a", "Ann likes Bob"))
    asked(
        driver,
        "MATCH (c:Collection) REMOVE c:Collection SET c:RestoringCollection, c.held_until = $until",
        until=clock.now + 300,
    )
    assert store.finish_deletions(seconds=60)
    assert len(asked(driver, LEFT)) > 3, "somebody may still be at it"
    clock.now += 301
    assert store.finish_deletions(seconds=60)
    assert asked(driver, LEFT) == []


def test_a_restoration_that_died_holds_its_name_for_a_while_only(
    store: Neo4jStore, driver: "Driver", clock: Clock
) -> None:
    store.commit(COLLECTION, written("a", "Ann likes Bob"))
    asked(
        driver,
        "MATCH (c:Collection) REMOVE c:Collection SET c:RestoringCollection, c.held_until = $until",
        until=clock.now + 300,
    )
    with pytest.raises(CollectionExists, match="is being restored"):
        store.create_collection(COLLECTION, SETTINGS)
    clock.now += 301
    store.create_collection(COLLECTION, SETTINGS)
    assert names(store) == set()


def test_several_may_be_the_first_to_open_a_database(
    empty_neo4j: Neo4jServer, driver: "Driver"
) -> None:
    for (name,) in asked(driver, "SHOW CONSTRAINTS YIELD name RETURN name"):
        asked(driver, f"DROP CONSTRAINT {name}")
    for (name,) in asked(driver, "SHOW INDEXES YIELD name, type WHERE type = 'RANGE' RETURN name"):
        asked(driver, f"DROP INDEX {name}")
    asked(driver, "MATCH (a:Ammon) DELETE a")
    with ThreadPoolExecutor(3) as pool:
        stores = list(pool.map(lambda _: opened(empty_neo4j), range(3)))
    stores[0].create_collection(COLLECTION, SETTINGS)
    assert stores[1].commit(COLLECTION, written("a", "Ann likes Bob")) == 1
    assert stores[2].lease(worker="w", limit=1, seconds=1) == []
    assert asked(driver, "MATCH (a:Ammon) RETURN a.name, a.version") == [["Ammon", 3]]
    for store in stores:
        store.close()


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


def test_a_database_of_a_newer_ammon_is_refused(
    store: Neo4jStore, empty_neo4j: Neo4jServer, driver: "Driver"
) -> None:
    asked(driver, "MATCH (a:Ammon) SET a.version = 99")
    try:
        with pytest.raises(StoreVersionUnknown, match="version 99"):
            opened(empty_neo4j)
    finally:
        asked(driver, "MATCH (a:Ammon) SET a.version = 3")


def test_an_ammon_that_knows_of_nothing_superseded_opens_no_database_that_this_one_opened(
    store: Neo4jStore, empty_neo4j: Neo4jServer, driver: "Driver", monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(driver, "MATCH (a:Ammon) SET a.version = 2")
    opened(empty_neo4j).close()
    monkeypatch.setattr("kg.neo4j.database.VERSION", 2)
    with pytest.raises(StoreVersionUnknown, match=r"version 3 .*up to 2"):
        opened(empty_neo4j)


def test_where_nobody_listens_the_setting_is_named() -> None:
    with pytest.raises(StoreUnavailable, match="AMMON_NEO4J_URI"):
        Neo4jStore(f"bolt://127.0.0.1:{free_port()}", "neo4j", "secret")


def test_what_is_no_address_is_said_so() -> None:
    with pytest.raises(StoreUnavailable, match="bolt://HOST:7687"):
        Neo4jStore("ftp://127.0.0.1:1", "neo4j", "secret")


def test_a_wrong_password_is_said_so(empty_neo4j: Neo4jServer) -> None:
    with pytest.raises(StoreUnavailable, match="AMMON_NEO4J_PASSWORD"):
        Neo4jStore(empty_neo4j.uri, empty_neo4j.user, "wrong")


def test_a_database_that_is_not_there_is_said_so(empty_neo4j: Neo4jServer) -> None:
    server = empty_neo4j
    with pytest.raises(StoreUnavailable, match="AMMON_NEO4J_DATABASE"):
        Neo4jStore(server.uri, server.user, server.password, database="nowhere")


def test_a_closed_store_says_so(empty_neo4j: Neo4jServer) -> None:
    store = opened(empty_neo4j)
    store.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        store.collections()


def test_without_the_driver_the_command_that_installs_it_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "neo4j", None)
    with pytest.raises(DependencyMissing, match=r"\[neo4j\]"):
        Neo4jStore("bolt://127.0.0.1:1", "neo4j", "secret")


def test_a_name_that_is_no_text_is_refused(store: Neo4jStore) -> None:
    with pytest.raises(InputError, match="surrogate"):
        store.collection("half \ud83d")


def test_a_name_with_cypher_in_it_is_only_a_name(store: Neo4jStore) -> None:
    record = graph("'}) DETACH DELETE n //", "x")
    store.commit(COLLECTION, Change(put=(record,)))
    assert store.document(COLLECTION, record.document.id) == record.document


def test_an_iterator_used_after_its_reader_says_so(store: Neo4jStore) -> None:
    store.commit(COLLECTION, written("a", "Ann likes Bob"))
    with store.read(COLLECTION) as reader:
        begun, kept = reader.entities(), reader
        next(begun)
    for left in (begun, kept.passages()):
        with pytest.raises(StoreUnavailable, match="reader was closed"):
            list(left)


def test_processes_that_write_at_once_lose_nothing(
    store: Neo4jStore, empty_neo4j: Neo4jServer
) -> None:
    processes = [start(empty_neo4j, name, 8) for name in "pq"]
    for process in processes:
        told, _ = process.communicate(timeout=120)
        assert (process.returncode, len(told.splitlines())) == (0, 8)
    assert store.collection(COLLECTION).revision == 16
    assert {f"{name}x{number}" for name in "pq" for number in range(8)} < names(store)


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


def test_a_process_that_is_killed_leaves_whole_transactions(
    store: Neo4jStore, empty_neo4j: Neo4jServer
) -> None:
    process = start(empty_neo4j, "p", 1000)
    assert process.stdout is not None
    for _ in range(3):
        process.stdout.readline()
    process.kill()
    process.communicate(timeout=60)
    revision = store.commit(COLLECTION, written("next", "Eve likes Fay", "Fay likes Eve"))
    assert revision > 3
    with store.read(COLLECTION) as reader:
        assert reader.counts()["documents"] == revision
        assert len(list(reader.placements())) == 2 * revision
        assert entity_id("eve") in {one.id for one in reader.entities()}


def start(server: Neo4jServer, name: str, number: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", WRITE, server.uri, server.password, name, str(number)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
