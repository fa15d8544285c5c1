"""What people see of a graph in Neo4j, beside other data of theirs."""

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from kg import ids
from kg.neo4j import Neo4jStore
from kg.neo4j.browser import answer_link
from kg.store import Change
from tests.conformance.material import (
    COLLECTION,
    SETTINGS,
    document,
    document_id,
    graph,
    link,
    names,
    passage_id,
    removed,
    written,
)
from tests.conformance.neo4j_store.asking import asked

if TYPE_CHECKING:
    from neo4j import Driver


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


def test_a_name_with_cypher_in_it_is_only_a_name(store: Neo4jStore) -> None:
    record = graph("'}) DETACH DELETE n //", "x")
    store.commit(COLLECTION, Change(put=(record,)))
    assert store.document(COLLECTION, record.document.id) == record.document
