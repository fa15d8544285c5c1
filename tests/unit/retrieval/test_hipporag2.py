"""Mode `hipporag2`, compared with what follows from its definition by hand."""

import numpy as np
import pytest

from retrieval.hipporag2 import NO_FACT, HippoRAG2
from retrieval.pagerank import IgraphPageRank
from tests.doubles.snapshots import AFact, AnEntity, APassage, Handmade

EAST, NORTH, BETWEEN = (1.0, 0.0), (0.0, 1.0), (0.6, 0.8)
QUESTION = np.array([EAST, EAST], dtype=np.float32)


def entities(names: str) -> list[AnEntity]:
    return [AnEntity(name=name) for name in names]


THREE_FACTS = Handmade(
    passages=[APassage(), APassage(), APassage()],
    entities=entities("abcde"),
    facts=[
        AFact(subject=3, object=4, passages=[2], vector=NORTH),
        AFact(subject=0, object=1, passages=[0], vector=EAST),
        AFact(subject=0, object=2, passages=[0, 1], vector=BETWEEN),
    ],
).snapshot()
"""Their scores are 0, 1 and 0.6, scaled as they are; all passages have the dense score 1."""


def test_the_question_is_embedded_for_passages_and_for_facts() -> None:
    assert HippoRAG2(THREE_FACTS).texts("Q?") == [("Q?", "query"), ("Q?", "query_to_fact")]


def test_the_best_facts_are_shown_best_first_with_their_scaled_scores() -> None:
    used = HippoRAG2(THREE_FACTS).rank("Q?", QUESTION, 3).explanation.facts
    assert [(fact.subject, fact.object) for fact in used] == [("a", "b"), ("a", "c"), ("d", "e")]
    assert [fact.score for fact in used] == pytest.approx([1.0, 0.6, 0.0])


def test_an_entity_weighs_the_mean_of_its_facts_over_the_number_of_its_passages() -> None:
    # a: (1 + 0.6) / 2 over 2 passages; b: 1 over 1; c: 0.6 over 2; each passage: 0.05
    used = HippoRAG2(THREE_FACTS).rank("Q?", QUESTION, 3).explanation.entities
    total = 0.4 + 1.0 + 0.3 + 3 * 0.05
    assert [(entity.name, entity.role) for entity in used] == [
        ("b", "seed"),
        ("a", "seed"),
        ("c", "seed"),
    ]
    assert [entity.weight for entity in used] == pytest.approx(
        [1.0 / total, 0.4 / total, 0.3 / total]
    )


def test_passages_are_ranked_by_pagerank_from_entities_and_passages() -> None:
    # Edges: a-b 2, a-p0 1, b-p0 1; the reset vector is (1, 1, 0.05, 0) / 2.05. With a = b:
    #   a = (2a/3 + p/2) / 2 + 1/4.1 and p = (2a/3) / 2 + 0.05/4.1, hence a = 12.15 / 28.7
    snapshot = Handmade(
        passages=[APassage(vector=EAST), APassage(vector=NORTH)],
        entities=entities("ab"),
        facts=[AFact(subject=0, object=1, passages=[0])],
    ).snapshot()
    found = HippoRAG2(snapshot).rank("Q?", QUESTION, 2)
    assert found.passages.tolist() == [0, 1]
    assert found.scores.tolist() == pytest.approx([12.15 / 28.7 / 3 + 0.05 / 4.1, 0.0], abs=1e-7)


def test_the_walk_brings_up_a_passage_that_is_unlike_the_question() -> None:
    snapshot = Handmade(
        passages=[APassage(vector=EAST), APassage(vector=BETWEEN), APassage(vector=NORTH)],
        entities=entities("abc"),
        facts=[
            AFact(subject=0, object=1, passages=[0], vector=EAST),
            AFact(subject=1, object=2, passages=[2], vector=NORTH),
        ],
    ).snapshot()
    assert HippoRAG2(snapshot).rank("Q?", QUESTION, 3).passages.tolist() == [0, 2, 1]


def test_only_five_facts_count_and_equal_ones_go_by_number() -> None:
    snapshot = Handmade(
        passages=[APassage()],
        entities=entities("ab"),
        facts=[AFact(subject=0, object=1, relation=f"r{number}") for number in range(7)],
    ).snapshot()
    used = HippoRAG2(snapshot).rank("Q?", QUESTION, 1).explanation.facts
    assert [fact.relation for fact in used] == ["r0", "r1", "r2", "r3", "r4"]


def test_the_walk_starts_from_the_five_best_entities() -> None:
    snapshot = Handmade(
        passages=[APassage(), APassage()],
        entities=entities("abcdef"),
        facts=[
            AFact(subject=0, object=1, passages=[0, 1]),
            AFact(subject=2, object=3, passages=[0]),
            AFact(subject=4, object=5, passages=[1]),
        ],
    ).snapshot()
    used = HippoRAG2(snapshot).rank("Q?", QUESTION, 2).explanation.entities
    assert [entity.name for entity in used] == ["c", "d", "e", "f", "a"]


def test_a_fact_about_one_entity_counts_once() -> None:
    snapshot = Handmade(
        passages=[APassage()], entities=entities("a"), facts=[AFact(subject=0, object=0)]
    ).snapshot()
    (seed,) = HippoRAG2(snapshot).rank("Q?", QUESTION, 1).explanation.entities
    assert seed.weight == pytest.approx(1.0 / 1.05)


def test_a_graph_without_facts_is_ranked_by_embeddings() -> None:
    snapshot = Handmade(passages=[APassage(vector=NORTH), APassage(vector=EAST)]).snapshot()
    found = HippoRAG2(snapshot).rank("Q?", QUESTION, 2)
    assert found.scores.tolist() == [1.0, 0.0]
    assert found.explanation.notes == (NO_FACT,)


def test_igraph_ranks_the_same() -> None:
    ours = HippoRAG2(THREE_FACTS).rank("Q?", QUESTION, 3)
    theirs = HippoRAG2(THREE_FACTS, pagerank=IgraphPageRank).rank("Q?", QUESTION, 3)
    assert ours.passages.tolist() == theirs.passages.tolist()
    np.testing.assert_allclose(ours.scores, theirs.scores, atol=1e-6)
