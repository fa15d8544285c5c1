"""Entities as the walk needs them."""

import numpy as np

from retrieval.linking import nearest_entities, passages_of_entities, used_fact
from tests.doubles.snapshots import AFact, AnEntity, APassage, Handmade

SNAPSHOT = Handmade(
    passages=[APassage(), APassage()],
    entities=[AnEntity(name="ada", surface="Ada"), AnEntity(name="ben"), AnEntity(name="eve")],
    facts=[AFact(subject=0, object=1, passages=[0, 1]), AFact(subject=0, object=1, passages=[1])],
).snapshot()


def test_an_entity_has_the_passages_of_its_facts_each_once() -> None:
    assert passages_of_entities(SNAPSHOT.adjacency, 3).tolist() == [2, 2, 0]


def test_no_entities_have_no_passages() -> None:
    empty = Handmade(passages=[APassage()]).snapshot()
    assert passages_of_entities(empty.adjacency, 0).tolist() == []


def test_a_name_is_linked_to_the_nearest_entity_that_is_allowed() -> None:
    entities = np.array([[1, 0], [0.8, 0.6], [0, 1]], dtype=np.float32)
    names = np.array([[1, 0], [0, 1]], dtype=np.float32)
    allowed = np.array([False, True, True])
    assert nearest_entities(entities, names, allowed).tolist() == [1, 2]


def test_a_used_fact_is_told_in_the_words_of_its_passages() -> None:
    fact = used_fact(SNAPSHOT, 0, 0.5)
    assert (fact.subject, fact.relation, fact.object) == ("Ada", "knows", "ben")
    assert fact.passage_ids == ("psg-0", "psg-1")
