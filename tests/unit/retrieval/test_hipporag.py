"""Mode `hipporag`, compared with what follows from its definition by hand."""

from collections.abc import Sequence

import numpy as np
import pytest

from retrieval.hipporag import MOST_NAMES, NO_NAME, HippoRAG
from tests.doubles.snapshots import AFact, AnEntity, APassage, Handmade

EAST, NORTH = (1.0, 0.0), (0.0, 1.0)
SNAPSHOT = Handmade(
    passages=[APassage(vector=NORTH), APassage(vector=EAST), APassage(vector=EAST)],
    entities=[
        AnEntity(name="ada", surface="Ada", vector=EAST),
        AnEntity(name="ben", vector=(0.6, 0.8)),
        AnEntity(name="eve", vector=NORTH, mentioned=[2]),
    ],
    facts=[AFact(subject=0, object=1, passages=[0]), AFact(subject=0, object=0, passages=[1])],
).snapshot()


def mode(*names: str) -> HippoRAG:
    return HippoRAG(SNAPSHOT, names=lambda _: names)


def vectors(*rows: Sequence[float]) -> np.ndarray:
    return np.array(rows, dtype=np.float32)


def test_the_question_and_its_names_are_embedded() -> None:
    assert mode("Ada", " ADA", "Ben").texts("Q?") == [
        ("Q?", "query"),
        ("ada", "entity"),
        ("ben", "entity"),
    ]


def test_of_a_pasted_page_the_first_names_are_linked() -> None:
    names = [f"name {number}" for number in range(1000)]
    _, *linked = mode("name 0", *names).texts("Q?")
    assert [name for name, _ in linked] == names[:MOST_NAMES]


def test_a_name_weighs_one_over_the_number_of_its_passages() -> None:
    found = mode("Ada", "Ben").rank("Q?", vectors(EAST, EAST, (0.6, 0.8)), 3)
    used = found.explanation.entities
    assert [(entity.name, entity.role) for entity in used] == [
        ("ben", "question"),
        ("Ada", "question"),
    ]
    assert [entity.weight for entity in used] == pytest.approx([2 / 3, 1 / 3])


def test_a_name_is_not_linked_to_an_entity_that_no_fact_is_about() -> None:
    found = mode("Eve").rank("Q?", vectors(EAST, NORTH), 3)
    assert [entity.name for entity in found.explanation.entities] == ["ben"]


def test_passages_are_ranked_by_their_own_pagerank() -> None:
    # From Ada. Edges: Ada-Ben 2, Ada-p0, Ada-p1, Ben-p0 1 each; Ada has 4, Ben 3, p0 2, p1 1.
    #   a = (2b/3 + p0/2 + p1) / 2 + 1/2,  b = (a/2 + p0/2) / 2,  p0 = (a/4 + b/3) / 2,  p1 = a/8
    found = mode("Ada").rank("Q?", vectors(EAST, EAST), 3)
    walk = np.array(
        [[0, 1 / 3, 1 / 4, 1 / 2], [1 / 4, 0, 1 / 4, 0], [1 / 8, 1 / 6, 0, 0], [1 / 8, 0, 0, 0]]
    )
    _, _, first, second = np.linalg.solve(np.eye(4) - walk, [0.5, 0, 0, 0])
    assert found.passages.tolist() == [0, 1, 2]
    assert found.scores.tolist() == pytest.approx([first, second, 0.0], abs=1e-6)


def test_a_question_without_names_is_ranked_by_embeddings_and_says_so() -> None:
    found = mode().rank("Q?", vectors(EAST), 3)
    assert found.passages.tolist() == [1, 2, 0]
    assert found.explanation.notes == (NO_NAME,)


def test_a_graph_without_facts_is_ranked_by_embeddings() -> None:
    bare = Handmade(
        passages=[APassage(vector=NORTH), APassage(vector=EAST)],
        entities=[AnEntity(name="ada", mentioned=[0])],
    ).snapshot()
    found = HippoRAG(bare, names=lambda _: ["Ada"]).rank("Q?", vectors(EAST, EAST), 2)
    assert found.passages.tolist() == [1, 0]
    assert found.explanation.notes == (NO_NAME,)
