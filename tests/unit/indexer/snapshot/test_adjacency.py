"""HippoRAG 2's graph."""

import random
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pytest

from indexer.snapshot.adjacency import hipporag_adjacency
from kg.snapshot import Ragged, Strings
from kg.snapshot.tables import Adjacency, Facts, Synonyms

AFact = tuple[int, int, list[int]]
"""Subject, object, passages that state it."""
ALink = tuple[int, int, float]
Edges = dict[tuple[int, int], float]


def adjacency(
    facts: Sequence[AFact], links: Sequence[ALink], entities: int, passages: int
) -> Adjacency:
    return hipporag_adjacency(
        Facts(
            id=Strings.of(str(number) for number in range(len(facts))),
            relation=Strings.of("knows" for _ in facts),
            subject=np.array([fact[0] for fact in facts], dtype=np.int32),
            object=np.array([fact[1] for fact in facts], dtype=np.int32),
            vectors=np.zeros((len(facts), 2), dtype=np.float32),
            passages=Ragged.from_rows([fact[2] for fact in facts]),
        ),
        Synonyms(
            source=np.array([link[0] for link in links], dtype=np.int32),
            target=np.array([link[1] for link in links], dtype=np.int32),
            score=np.array([link[2] for link in links], dtype=np.float32),
        ),
        entities,
        passages,
    )


def edges_of(graph: Adjacency) -> Edges:
    return {
        (node, int(graph.indices[place])): round(float(graph.weights[place]), 6)
        for node in range(len(graph.indptr) - 1)
        for place in range(graph.indptr[node], graph.indptr[node + 1])
    }


def both(edges: Edges) -> Edges:
    return edges | {(other, one): weight for (one, other), weight in edges.items()}


def test_a_triple_binds_its_entities_twice_for_each_passage_and_each_to_the_passage() -> None:
    graph = adjacency([(0, 1, [0, 1])], [], entities=2, passages=2)
    assert edges_of(graph) == both(
        {(0, 1): 4.0, (0, 2): 1.0, (1, 2): 1.0, (0, 3): 1.0, (1, 3): 1.0}
    )


def test_triples_between_the_same_entities_add_up_in_either_direction() -> None:
    graph = adjacency([(0, 1, [0]), (1, 0, [0])], [], entities=2, passages=1)
    assert edges_of(graph) == both({(0, 1): 4.0, (0, 2): 1.0, (1, 2): 1.0})


def test_a_synonym_takes_the_place_of_a_triple() -> None:
    graph = adjacency([(0, 1, [0])], [(0, 1, 0.875)], entities=2, passages=1)
    assert edges_of(graph) == both({(0, 1): 0.875, (0, 2): 1.0, (1, 2): 1.0})


def test_a_synonym_of_both_sides_weighs_twice() -> None:
    graph = adjacency([(0, 1, [0])], [(0, 1, 0.875), (1, 0, 0.875)], entities=2, passages=1)
    assert edges_of(graph)[0, 1] == edges_of(graph)[1, 0] == 1.75


def test_a_synonym_binds_entities_of_different_triples() -> None:
    facts = [(0, 1, [0]), (2, 3, [0])]
    edges = edges_of(adjacency(facts, [(2, 1, 0.8125)], entities=4, passages=1))
    assert edges[1, 2] == edges[2, 1] == 0.8125


def test_a_synonym_that_no_triple_names_binds_nothing() -> None:
    graph = adjacency([(0, 1, [0])], [(1, 2, 0.9), (2, 1, 0.9)], entities=3, passages=1)
    assert edges_of(graph) == both({(0, 1): 2.0, (0, 3): 1.0, (1, 3): 1.0})


def test_a_triple_about_one_entity_alone_is_no_loop() -> None:
    assert edges_of(adjacency([(0, 0, [0])], [], entities=1, passages=1)) == both({(0, 1): 1.0})


def test_an_entity_that_no_triple_names_is_alone() -> None:
    graph = adjacency([(0, 1, [0])], [], entities=3, passages=1)
    assert graph.indptr[2] == graph.indptr[3]


@pytest.mark.parametrize(("entities", "passages"), [(0, 0), (3, 0), (0, 2)])
def test_without_facts_nothing_is_bound(entities: int, passages: int) -> None:
    graph = adjacency([], [], entities, passages)
    assert graph.indptr.tolist() == [0] * (entities + passages + 1)


def reference(facts: Sequence[AFact], links: Sequence[ALink], entities: int) -> Edges:
    """The same graph, an edge at a time."""
    edges: Edges = defaultdict(float)
    for subject, object_, passages in facts:
        for _ in passages:
            if subject != object_:
                edges[subject, object_] += 2.0
                edges[object_, subject] += 2.0
    named = {entity for subject, object_, _ in facts for entity in (subject, object_)}
    overwritten: Edges = defaultdict(float)
    for source, target, score in links:
        if source in named and target in named:
            overwritten[source, target] += float(np.float32(score))
            overwritten[target, source] += float(np.float32(score))
    edges.update(overwritten)
    for subject, object_, passages in facts:
        for passage in passages:
            for entity in (subject, object_):
                edges[entity, entities + passage] = edges[entities + passage, entity] = 1.0
    return {pair: round(weight, 6) for pair, weight in edges.items()}


@pytest.mark.parametrize("seed", range(8))
def test_the_graph_equals_one_made_an_edge_at_a_time(seed: int) -> None:
    chance = random.Random(seed)
    entities, passages = chance.randint(2, 9), chance.randint(1, 6)
    facts = [
        (
            chance.randrange(entities),
            chance.randrange(entities),
            sorted(chance.sample(range(passages), chance.randint(1, passages))),
        )
        for _ in range(chance.randint(0, 20))
    ]
    pairs = {tuple(chance.sample(range(entities), 2)) for _ in range(chance.randint(0, 8))}
    links = [(pair[0], pair[1], chance.uniform(0.8, 1.0)) for pair in sorted(pairs)]
    graph = adjacency(facts, links, entities, passages)
    assert edges_of(graph) == pytest.approx(reference(facts, links, entities), abs=2e-6)
    for node in range(entities + passages):
        neighbours = graph.indices[graph.indptr[node] : graph.indptr[node + 1]].tolist()
        assert neighbours == sorted(set(neighbours))
