"""Tables that walks read, held in large pages."""

import numpy as np
import pytest

from retrieval.walk.mode import ConditionedWalk
from retrieval.walk.resident import resident_tables
from tests.doubles.corpus import note, snapshot_of
from tests.doubles.hash_embedder import HashEmbedder

EMBEDDER = HashEmbedder(48)
NOTES = [
    note("Donald Hebb was born in Chester. He taught Brenda Milner.", "Donald Hebb"),
    note("Brenda Milner was born in Manchester.", "Brenda Milner"),
]
SNAPSHOT = snapshot_of(NOTES, EMBEDDER)
QUESTION = "Where was the pupil of Donald Hebb born?"


def test_few_tables_stay_where_they_are() -> None:
    assert resident_tables(SNAPSHOT) is SNAPSHOT


def test_tables_that_were_moved_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrieval.walk.resident._LEAST", 0)
    held = resident_tables(SNAPSHOT)
    np.testing.assert_array_equal(held.pairs.passage, SNAPSHOT.pairs.passage)
    np.testing.assert_array_equal(held.words.key, SNAPSHOT.words.key)
    np.testing.assert_array_equal(held.pairs.sentences.items, SNAPSHOT.pairs.sentences.items)
    assert list(held.gazetteer.surface) == list(SNAPSHOT.gazetteer.surface)
    assert list(held.passages.id) == list(SNAPSHOT.passages.id)
    assert held.passages.text is SNAPSHOT.passages.text


def test_a_walk_over_tables_that_were_moved_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    before = ConditionedWalk(SNAPSHOT)
    monkeypatch.setattr("retrieval.walk.resident._LEAST", 0)
    after = ConditionedWalk(SNAPSHOT)
    vectors = EMBEDDER.embed([text for text, _ in before.texts(QUESTION)], "query")
    one, other = before.rank(QUESTION, vectors, 2), after.rank(QUESTION, vectors, 2)
    np.testing.assert_array_equal(one.scores, other.scores)
    assert one.passages.tolist() == other.passages.tolist()
    assert one.explanation == other.explanation
