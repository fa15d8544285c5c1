"""No transaction grows with the collection: a server's memory is limited."""

from collections.abc import Callable, Iterator
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest

from kg.neo4j import Neo4jStore, commit, derived, making, store
from kg.neo4j.derived import portions
from kg.neo4j.queries import queries
from kg.store import Change
from tests.conformance.material import (
    COLLECTION,
    SETTINGS,
    document,
    entity_id,
    extraction,
    graph,
    link,
    links,
    names,
    removed,
    synonym,
    unlinked,
    written,
)
from tests.servers.neo4j import Neo4jServer

if TYPE_CHECKING:
    from neo4j import Driver

PEOPLE = ["ann", "bob", "cid", "dan", "eve"]
ALL = [f"{one} {other}" for one, other in permutations(PEOPLE, 2)]


@pytest.fixture
def library(empty_neo4j: Neo4jServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Neo4jStore]:
    """Five people, all linked to each other: twenty links, of which one transaction handles four.

    Cid is also in a document of his own."""
    monkeypatch.setattr(derived, "MOST_LINKS", 4)
    monkeypatch.setattr(derived, "MOST_UNLINKED", 2)
    monkeypatch.setattr(commit, "MOST_LINKS", 4)
    monkeypatch.setattr(making, "_LINKS_AT_ONCE", 4)
    monkeypatch.setattr(store, "_PRUNED_AT_ONCE", 2)
    opened = Neo4jStore(empty_neo4j.uri, empty_neo4j.user, empty_neo4j.password)
    opened.create_collection(COLLECTION, SETTINGS)
    opened.commit(COLLECTION, written("all", "Ann likes Bob", "Cid likes Dan", "Eve likes Ann"))
    opened.commit(COLLECTION, written("one", "Cid likes Cid"))
    link(opened, *ALL)
    yield opened
    opened.close()


@pytest.fixture
def steps(
    library: Neo4jStore, driver: "Driver", monkeypatch: pytest.MonkeyPatch
) -> Callable[[], list[int]]:
    """By how many links (of whatever kind) each transaction changed the graph so far."""
    counted: list[int] = []
    write = library._database.write

    def number() -> int:
        (row,) = driver.execute_query("MATCH ()-[r:SYNONYM]->() RETURN count(r)").records
        return int(row[0])

    def watched(action: Any) -> Any:
        before = number()
        try:
            return write(action)
        finally:
            counted.append(abs(number() - before))

    monkeypatch.setattr(library._database, "write", watched)
    return lambda: [step for step in counted if step]


def test_portions_keep_the_order_and_each_source_whole() -> None:
    people = [entity_id(name) for name in PEOPLE]
    given = [synonym(one, other) for one, other in map(str.split, ALL)]
    cut = list(portions(people, given))
    assert [source for some, _ in cut for source in some] == people
    for some, of in cut:
        assert sorted(of, key=str) == sorted(
            (one for one in given if one.source_id in some), key=str
        )
    assert list(portions([], [])) == [([], [])]


def test_links_are_written_a_portion_at_a_time(
    library: Neo4jStore, steps: Callable[[], list[int]]
) -> None:
    library.forget_synonyms(COLLECTION)
    forgotten = steps()
    assert sum(forgotten) == 20
    assert max(forgotten) <= 4
    assert unlinked(library) == set(PEOPLE)
    link(library, *ALL)
    assert links(library) == set(ALL)
    assert unlinked(library) == set()
    assert steps()[len(forgotten) :] == [4] * 5


def test_a_document_whose_entities_have_many_links_is_deleted_a_portion_at_a_time(
    library: Neo4jStore, steps: Callable[[], list[int]]
) -> None:
    library.commit(COLLECTION, removed("all"))
    assert names(library) == {"cid"}
    assert links(library) == set()
    assert unlinked(library) == {"cid"}
    assert sum(steps()) == 20
    assert max(steps()) <= 4


def test_a_collection_with_many_links_is_deleted_a_portion_at_a_time(
    library: Neo4jStore, steps: Callable[[], list[int]], driver: "Driver"
) -> None:
    library.delete_collection(COLLECTION)
    assert max(steps()) <= 4
    (left,) = driver.execute_query("MATCH (n) WHERE NOT n:Ammon RETURN count(n)").records
    assert left[0] == 0


def test_saved_extractions_are_pruned_a_portion_at_a_time(library: Neo4jStore) -> None:
    texts = [f"{name} likes nobody" for name in PEOPLE]
    for by in ("hand", "foot"):
        library.save_extractions(COLLECTION, [extraction(text, by=by) for text in texts])
    library.commit(COLLECTION, Change(put=(graph("kept", texts[0]),)))
    assert library.prune_extractions(COLLECTION) == 8
    kept = [found for by in ("hand", "foot") for found in saved(library, by, texts)]
    assert kept == ["hand", "foot"]


def test_documents_that_wait_for_a_paused_collection_are_hardly_looked_at(
    library: Neo4jStore, driver: "Driver"
) -> None:
    library.enqueue(COLLECTION, [document(str(number)) for number in range(500)])
    library.create_collection("other", SETTINGS)
    library.enqueue("other", [document("a")])
    wanted = {"of": None, "excluded": [COLLECTION], "least": 0, "most": 1, "limit": 8}
    query = queries("queue")["next_tasks"]
    found = driver.execute_query(f"PROFILE {query}", wanted)
    assert len(found.records) == 1
    assert found.summary.profile is not None
    assert hits(found.summary.profile) < 3 * 500


def hits(plan: dict[str, Any]) -> int:
    """Records that a query looked at."""
    own: int = plan.get("dbHits", 0)
    return own + sum(map(hits, plan.get("children", ())))


def saved(library: Neo4jStore, by: str, texts: list[str]) -> list[str]:
    ids = [extraction(text).passage_id for text in texts]
    return [one.extractor for one in library.saved_extractions(COLLECTION, by, ids).values()]
