"""The walk's loops, held to what NumPy and plain Python say."""

import numpy as np
import pytest

from kg.snapshot.tables import Float32Array, Int32Array
from retrieval.loops import best, moving, sets, shared
from tests.doubles.loops import called

best_alone, mixed, seen_too = called(best.best_alone), called(moving.mixed), called(sets.seen_too)
places_of, table_of = called(sets.places_of), called(sets.table_of)
of_the_rarest, shared_words = called(shared.of_the_rarest), called(shared.shared_words)
add_words, base_scores = called(shared.add_words), called(shared.base_scores)


def ints(*numbers: int) -> Int32Array:
    return np.array(numbers, dtype=np.int32)


def floats(*numbers: float) -> Float32Array:
    return np.array(numbers, dtype=np.float32)


@pytest.mark.parametrize("seed", range(6))
def test_a_table_finds_the_place_of_each_of_its_keys_and_of_no_other(seed: int) -> None:
    chance = np.random.default_rng(seed)
    keys = chance.choice(2**31 - 1, 40, replace=False).astype(np.int32)
    table, others = table_of(keys), np.setdiff1d(ints(*range(60)), keys)
    assert places_of(table, keys, keys).tolist() == list(range(40))
    assert set(places_of(table, keys, others).tolist()) == {-1}


@pytest.mark.parametrize("seed", range(6))
def test_what_was_not_seen_comes_once_ascending_behind_what_was(seed: int) -> None:
    chance = np.random.default_rng(seed)
    keys = (chance.permutation(30)[:12] * 40_000).astype(np.int32)
    wanted = (chance.integers(0, 60, 90) * 40_000).astype(np.int32)
    new, both, table, places = seen_too(table_of(keys), keys, wanted)
    assert new.tolist() == np.setdiff1d(wanted, keys).tolist()
    assert both.tolist() == [*keys.tolist(), *new.tolist()]
    assert both[places].tolist() == wanted.tolist()
    assert places_of(table, both, both).tolist() == list(range(len(both)))


def test_where_all_was_seen_their_places_are_told() -> None:
    keys = ints(7, 3, 9)
    new, _, _, places = seen_too(table_of(keys), keys, ints(9, 7, 9))
    assert (new.tolist(), places.tolist()) == ([], [2, 0, 2])


def test_the_best_alone_sum_to_one() -> None:
    assert best_alone(floats(0.1, 0.6, 0.2, 0.0), 2) == pytest.approx([0, 0.75, 0.25, 0])
    assert best_alone(floats(0.0, 0.0), 2).tolist() == [0, 0]


def test_a_score_is_mixed_with_what_arrives_also_where_nothing_was() -> None:
    found = mixed(floats(0.4, 0.2), floats(0.0, 1.0, 0.5), 0.25)
    assert found == pytest.approx([0.3, 0.4, 0.125])


def test_a_score_is_the_best_view_with_its_words_and_all_bonuses() -> None:
    views = np.stack([floats(9, 0.1, 0.4), floats(9, 0.3, 0.2)])
    share, items = np.stack([floats(0.5, 0.5), floats(0.0, 1.0)]), ints(3, 5, 5)
    words = share, np.array([0, 2]), np.array([2, 3]), items
    meanings = np.array([(0, 0, 2), (0, 2, 3), (1, 3, 4)])
    gives = np.stack([floats(0.5, 0.125), floats(0.6, 0.2), floats(0.25, 0.25)])
    linked = meanings, gives, ints(3, 5, 5, 3), np.array([True, False, False, False])
    before = np.stack([floats(1), floats(2)]), floats(12)
    add_words(ints(3, 5), views, 0.2, words, 1)
    found, score = base_scores(ints(3, 5), views, linked, *before)
    assert views[0] == pytest.approx([9, 0.2, 0.6])
    assert views[1] == pytest.approx([9, 0.3, 0.4])
    assert found[0] == pytest.approx([1, 0.5, 0.2])
    assert found[1] == pytest.approx([2, 0.25, 0.0])
    assert score == pytest.approx([12, 0.3 + 0.75, 0.6 + 0.2])


@pytest.mark.parametrize("seed", range(6))
def test_postings_of_the_rarest_words_are_taken_while_there_is_room(seed: int) -> None:
    chance = np.random.default_rng(seed)
    sizes = chance.integers(0, 9, 8)
    end = np.cumsum(sizes)
    first, postings = end - sizes, [np.sort(chance.choice(25, size, False)) for size in sizes]
    items = np.concatenate(postings).astype(np.int32)
    room, expected = 15, set()
    for word in np.argsort(sizes, kind="stable").tolist():
        if (room := room - int(sizes[word])) < 0:
            break
        expected |= set(items[first[word] : end[word]].tolist())
    assert of_the_rarest(first, end, items, 15).tolist() == sorted(expected)


@pytest.mark.parametrize("seed", range(6))
def test_shared_words_are_those_whose_postings_have_the_passage(seed: int) -> None:
    chance = np.random.default_rng(seed)
    sizes = [0, 1, 5, 30, 60]
    end = np.cumsum(sizes)
    postings = [np.sort(chance.choice(80, size, False)) for size in sizes]
    passages = np.sort(chance.choice(80, 20, False)).astype(np.int32)
    share = chance.random((2, 5)).astype(np.float32)
    found = shared_words(passages, share, end - sizes, end, np.concatenate(postings).astype("i4"))
    expected = share @ np.stack([np.isin(passages, one) for one in postings])
    assert found == pytest.approx(expected, abs=1e-6)
