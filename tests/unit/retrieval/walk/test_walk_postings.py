"""Which passages an entry leads to."""

from math import log

import numpy as np
import pytest

from kg.snapshot import Snapshot
from retrieval.walk.postings import Postings, idf
from tests.doubles.pairs import walkable


def led_to(snapshot: Snapshot, limit: int, entry: int = 0) -> list[int]:
    postings = Postings(snapshot, limit)
    indptr, rows = postings.rows_of(np.array([entry], dtype=np.int64))
    assert indptr.tolist() == [0, len(rows)]
    return [int(passage) for passage in snapshot.pairs.passage[rows]]


def test_the_idf_of_a_name_falls_from_one_with_the_passages_that_name_it() -> None:
    values = idf(np.array([1, 2, 8], dtype=np.int64), 8)
    assert values == pytest.approx([1.0, log(5) / log(9), log(2) / log(9)], abs=1e-6)


def test_without_passages_the_idf_is_finite() -> None:
    assert np.isfinite(idf(np.array([0], dtype=np.int64), 0)).all()


def test_a_name_within_the_limit_leads_to_all_its_passages() -> None:
    assert led_to(walkable(4, [{3: [0], 0: [0], 1: [0]}]), limit=3) == [0, 1, 3]


def test_a_hub_leads_to_its_own_title_and_to_where_it_is_named_earliest() -> None:
    hub = {0: [2], 1: [1], 2: [0, 2], 3: [2]}
    assert led_to(walkable(4, [hub], titles=[(0, 3)], sentences=3), limit=3) == [1, 2, 3]


def test_of_equally_early_places_the_lower_passages_are_kept() -> None:
    assert led_to(walkable(5, [{p: [0] for p in range(5)}]), limit=2) == [0, 1]


def test_a_hub_keeps_its_true_idf() -> None:
    snapshot = walkable(5, [{p: [0] for p in range(5)}])
    assert Postings(snapshot, 2).idf == pytest.approx([log(2) / log(6)])


def test_bridges_are_entries_that_a_passage_shares_with_another() -> None:
    postings = Postings(walkable(3, [{0: [0], 1: [0]}, {0: [0]}, {1: [0], 2: [0]}]), 20)
    passages, entries = postings.bridges_of(np.array([0, 1], dtype=np.int64))
    assert list(zip(passages.tolist(), entries.tolist(), strict=True)) == [(0, 0), (1, 0), (1, 2)]


def test_no_passages_have_no_bridges() -> None:
    passages, entries = Postings(walkable(0, []), 20).bridges_of(np.zeros(0, dtype=np.int64))
    assert (len(passages), len(entries)) == (0, 0)


def test_the_best_of_the_sentences_that_name_the_entry_counts() -> None:
    postings = Postings(walkable(2, [{0: [0, 2], 1: [1]}], sentences=3), 20)
    relevance = np.array([0.25, 0.9, 0.5, 0.8, 0.125, 0.7], dtype=np.float32)
    rows = np.array([0, 1], dtype=np.int64)
    assert postings.best_sentence(rows, relevance).tolist() == [0.5, 0.125]
