"""Which passages an entry leads to."""

import random
from math import log
from pathlib import Path

import numpy as np
import pytest

from kg.snapshot import Snapshot, SnapshotReader, SnapshotWriter
from kg.snapshot.hubs import KEPT
from retrieval.loops import bridges as loops
from retrieval.loops import postings
from retrieval.walk.postings import Postings
from tests.doubles.loops import called
from tests.doubles.pairs import walkable

bridges_from, idf_of = called(loops.bridges_from), called(loops.idf_of)
posting_rows = called(postings.posting_rows)


def led_to(snapshot: Snapshot, limit: int, entry: int = 0) -> list[int]:
    indptr, _, passage, is_title, _, _, sentences, *kept = Postings(snapshot, limit).graph
    one, texts = np.array([entry], np.int32), (*sentences, is_title, snapshot.sentences.indptr)
    ends, rows, found = posting_rows(one, indptr, passage, texts, limit, *kept)
    assert ends.tolist() == [0, len(rows)]
    assert snapshot.pairs.passage[rows].tolist() == found.tolist()
    return [int(passage) for passage in found]


def test_the_idf_of_a_name_falls_from_one_with_the_passages_that_name_it() -> None:
    postings = np.array([0, 1, 3, 11], dtype=np.int64)
    values = idf_of(np.arange(3, dtype=np.int32), postings, 8)
    assert values == pytest.approx([1.0, log(5) / log(9), log(2) / log(9)], abs=1e-6)


def test_without_passages_the_idf_is_finite() -> None:
    none = np.zeros(2, dtype=np.int64)
    assert np.isfinite(idf_of(np.zeros(1, dtype=np.int32), none, 0)).all()


def test_a_name_within_the_limit_leads_to_all_its_passages() -> None:
    assert led_to(walkable(4, [{3: [0], 0: [0], 1: [0]}]), limit=3) == [0, 1, 3]


def test_a_hub_leads_to_its_own_title_and_to_where_it_is_named_earliest() -> None:
    hub = {0: [2], 1: [1], 2: [0, 2], 3: [2]}
    assert led_to(walkable(4, [hub], titles=[(0, 3)], sentences=3), limit=3) == [1, 2, 3]


def test_of_equally_early_places_the_lower_passages_are_kept() -> None:
    assert led_to(walkable(5, [{p: [0] for p in range(5)}]), limit=2) == [0, 1]


def test_a_hub_keeps_its_true_idf() -> None:
    postings = Postings(walkable(5, [{p: [0] for p in range(5)}]), 2)
    *_, idf = ways(postings, [0], [1.0])
    assert idf == pytest.approx([log(2) / log(6)])


def ways(
    postings: Postings, passages: list[int], amounts: list[float], share: float = 1.0, *not_: int
) -> loops.Ways:
    """What `bridges_from` says of passages that have these amounts."""
    indptr, entry, _, _, weak, by_passage, *_ = postings.graph
    return bridges_from(
        np.array(amounts, dtype=np.float32),
        share,
        np.array(passages, dtype=np.int32),
        *by_passage,
        entry,
        weak,
        indptr,
        np.array(not_, dtype=np.int32),
        postings.most_of_a_bridge,
        postings.passages,
    )


@pytest.mark.parametrize(
    ("share", "sources"), [(0.79, [1, 3]), (0.85, [0, 1, 3]), (1.0, [0, 1, 3, 4])]
)
def test_ways_begin_at_the_largest_amounts_that_make_up_the_share(
    share: float, sources: list[int]
) -> None:
    postings = Postings(walkable(9, [{p: [0] for p in range(9)}]), 20)
    begun, origin, *_ = ways(postings, [8, 7, 6, 5, 4], [0.1, 0.5, 0.0, 0.3, 0.1], share)
    assert begun.tolist() == sources
    assert origin.tolist() == sources


def bridges(postings: Postings, passages: list[int], *excluded: int) -> list[tuple[int, int]]:
    """(place among the passages, entry) of each."""
    equal = [1.0] * len(passages)
    _, origin, which, _, entries, _ = ways(postings, passages, equal, 1.0, *excluded)
    assert len(set(entries.tolist())) == len(entries)
    return list(zip(origin.tolist(), entries[which].tolist(), strict=True))


def test_bridges_are_entries_that_a_passage_shares_with_another() -> None:
    postings = Postings(walkable(3, [{0: [0], 1: [0]}, {0: [0]}, {1: [0], 2: [0]}]), 20)
    assert bridges(postings, [1, 0]) == [(0, 0), (0, 2), (1, 0)]


def test_what_is_excluded_is_no_bridge() -> None:
    postings = Postings(walkable(3, [{0: [0], 1: [0]}, {0: [0]}, {1: [0], 2: [0]}]), 20)
    assert bridges(postings, [0, 1], 0, 1) == [(1, 2)]


def test_what_more_than_half_of_all_passages_name_is_no_bridge() -> None:
    rare, common = {p: [0] for p in range(60)}, {p: [0] for p in range(61)}
    assert bridges(Postings(walkable(120, [rare, common]), 20), [0]) == [(0, 0)]


def test_in_a_small_corpus_what_twenty_passages_name_is_a_bridge() -> None:
    most, all_ = {p: [0] for p in range(20)}, {p: [0] for p in range(21)}
    assert bridges(Postings(walkable(21, [most, all_]), 20), [0]) == [(0, 0)]


def test_no_passages_have_no_bridges() -> None:
    assert bridges(Postings(walkable(0, []), 20), []) == []


def test_a_snapshot_that_was_written_says_what_is_kept_of_hubs(tmp_path: Path) -> None:
    chance = random.Random(5)
    hubs = [
        {p: [chance.randrange(3)] for p in chance.sample(range(60), count)}
        for count in (60, 12, KEPT, KEPT + 1, 45)
    ]
    fresh = walkable(60, hubs, titles=[(0, 31), (4, min(hubs[4]))], sentences=3)
    fresh.write(SnapshotWriter(tmp_path / "written"))
    written = Snapshot.read(SnapshotReader.open(tmp_path / "written"))
    assert written.derived is not None
    assert written.derived.hubs.tolist() == [0, 3, 4]
    for entry in range(5):
        assert led_to(written, KEPT, entry) == led_to(fresh, KEPT, entry)
    assert led_to(written, 2) == led_to(fresh, 2)


@pytest.mark.parametrize(
    ("passages", "named", "common"), [(30, 20, False), (30, 21, True), (200, 40, False)]
)
def test_a_name_is_common_in_more_than_a_fifth_of_the_passages_and_in_more_than_twenty(
    passages: int, named: int, common: bool
) -> None:
    snapshot = walkable(passages, [{p: [0] for p in range(named)}, {0: [0]}])
    assert Postings(snapshot, 20).are_common([1, 0]) is common
    assert not Postings(snapshot, 20).are_common([1])
