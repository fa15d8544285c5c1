"""The neighbourhood of an entity."""

from collections.abc import Iterator

import pytest

import server.reports.neighbourhood
from kg import ids
from kg.errors import EntityNotFound
from kg.snapshot import Snapshot, Strings
from server.reports.neighbourhood import Edge, _containing, neighbourhood
from tests.doubles.snapshots import AFact, AnEntity, APassage, Handmade

NAMES = ("brenda milner", "henry molaison", "william scoville", "hartford", "b milner")


@pytest.fixture
def snapshot() -> Snapshot:
    """Milner - Molaison - Scoville - Hartford by facts; 'b milner' is a synonym of the first.

    Entities stand in order of their ids, as in every snapshot.
    """
    order = sorted(NAMES, key=lambda name: ids.entity_id("handmade", name))
    at = {name: row for row, name in enumerate(order)}
    made = Handmade(
        passages=[APassage(title="Milner"), APassage(title="", text="Scoville operated.")],
        entities=[AnEntity(name=name, surface=name.title()) for name in order],
        facts=[
            AFact(subject=at[NAMES[0]], object=at[NAMES[1]], relation="studied", passages=(0, 1)),
            AFact(subject=at[NAMES[2]], object=at[NAMES[1]], relation="operated on", passages=(1,)),
            AFact(subject=at[NAMES[2]], object=at[NAMES[3]], relation="worked in", passages=(1,)),
        ],
        synonyms=[
            (at["brenda milner"], at["b milner"], 0.9),
            (at["b milner"], at["brenda milner"], 0.9),
        ],
    ).snapshot()
    return _with_ids(made, order)


def _with_ids(snapshot: Snapshot, names: list[str]) -> Snapshot:
    from dataclasses import replace

    from kg.snapshot import Strings

    found = Strings.of(ids.entity_id("handmade", name) for name in names)
    return replace(snapshot, entities=replace(snapshot.entities, id=found))


def test_one_step_reaches_facts_synonyms_and_passages(snapshot: Snapshot) -> None:
    found = neighbourhood(snapshot, "Brenda Milner", depth=1, limit=100)
    assert {(node.label, node.distance) for node in found.nodes} == {
        ("Brenda Milner", 0),
        ("Henry Molaison", 1),
        ("B Milner", 1),
        ("Milner", 1),
        ("Scoville operated.", 1),
    }
    assert not found.truncated


def test_the_centre_comes_first_and_is_named(snapshot: Snapshot) -> None:
    found = neighbourhood(snapshot, "«BRENDA  milner»", depth=1, limit=100)
    assert found.centre == found.nodes[0].id == ids.entity_id("handmade", "brenda milner")


def test_further_steps_reach_further(snapshot: Snapshot) -> None:
    two = neighbourhood(snapshot, "Brenda Milner", depth=2, limit=100)
    three = neighbourhood(snapshot, "Brenda Milner", depth=3, limit=100)
    assert {node.label for node in three.nodes} - {node.label for node in two.nodes} == {"Hartford"}


def test_facts_have_their_relation_and_number_of_passages(snapshot: Snapshot) -> None:
    found = neighbourhood(snapshot, "Brenda Milner", depth=1, limit=100)
    (fact,) = [edge for edge in found.edges if edge.kind == "fact"]
    assert fact == Edge(
        source=ids.entity_id("handmade", "brenda milner"),
        target=ids.entity_id("handmade", "henry molaison"),
        kind="fact",
        label="studied",
        weight=2.0,
    )


def test_a_synonym_is_one_edge(snapshot: Snapshot) -> None:
    found = neighbourhood(snapshot, "Brenda Milner", depth=1, limit=100)
    assert [edge.weight for edge in found.edges if edge.kind == "synonym"] == [0.9]


def test_all_edges_are_between_nodes_that_are_there(snapshot: Snapshot) -> None:
    found = neighbourhood(snapshot, "Brenda Milner", depth=3, limit=4)
    there = {node.id for node in found.nodes}
    assert len(there) == 4
    assert found.truncated
    assert {end for edge in found.edges for end in (edge.source, edge.target)} <= there


def test_an_unknown_name_is_told_what_contains_it(snapshot: Snapshot) -> None:
    with pytest.raises(EntityNotFound, match=r"'Brenda Milner'|'B Milner'"):
        neighbourhood(snapshot, "milner", depth=1, limit=100)


def test_a_name_of_which_nothing_is_left_is_unknown(snapshot: Snapshot) -> None:
    with pytest.raises(EntityNotFound, match="whole name"):
        neighbourhood(snapshot, "…", depth=1, limit=100)


def test_names_are_searched_one_by_one() -> None:
    """Not where one ends and the next begins; and whatever their letters are."""
    names = ["", "ab", "cd", "", "straße 条件", "b ab", "éb"]
    strings = Strings.of(names)
    for part in ("ab", "b", "bc", "dst", "条", "件b", "b a", "é", "z", "\ud800"):
        wanted = [row for row, name in enumerate(names) if part in name]
        assert list(_containing(strings, part)) == wanted


def test_many_names_are_searched_a_part_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.reports.neighbourhood, "_ROWS_AT_ONCE", 3)
    names = [f"name {number}" for number in range(20)]
    assert list(_containing(Strings.of(names), "1")) == [1, *range(10, 20)]


def test_of_a_hub_no_more_is_looked_at_than_is_asked_for(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def many(*_: object) -> Iterator[int]:
        yield from range(len(NAMES))
        pytest.fail("the limit was reached long ago")

    monkeypatch.setattr(server.reports.neighbourhood, "_across", many)
    found = neighbourhood(snapshot, "Brenda Milner", depth=3, limit=3)
    assert len(found.nodes) == 3
    assert found.truncated
