"""Base scores, worked out by hand."""

from collections.abc import Sequence
from math import log

import numpy as np
import pytest

from kg.snapshot import Snapshot
from retrieval.gazetteer import GazetteerLookup
from retrieval.loops import candidates, looking
from retrieval.question import Link, read_question
from retrieval.walk.base import Base
from retrieval.walk.constants import WalkConstants
from retrieval.walk.links import LinkBonus, link_bonus, linked
from retrieval.walk.postings import Postings
from tests.doubles.loops import called
from tests.doubles.pairs import walkable
from tests.doubles.seen import Looked, look

look_at, mentioning = called(looking.look_at), called(candidates.mentioning)


def scored(
    snapshot: Snapshot, question: str, views: Sequence[Sequence[float]] | None = None
) -> Looked:
    """With similarities of 0 unless given."""
    return look(snapshot, views or (), links=links_of(snapshot, question))


def links_of(snapshot: Snapshot, question: str) -> list[LinkBonus]:
    lookup, postings = GazetteerLookup(snapshot), Postings(snapshot, 20)
    return [
        link_bonus(link, link.entries, postings, WalkConstants())
        for link in read_question(question, lookup.names, cased=True).links
    ]


def test_the_best_view_counts() -> None:
    base = scored(walkable(2, []), "Who?", [[0.1, 0.4], [0.3, 0.2]])
    assert base.score == pytest.approx([0.3, 0.4])


def test_a_name_gives_a_bonus_to_the_passages_that_name_it_and_more_to_its_own() -> None:
    snapshot = walkable(4, [{0: [0], 1: [0]}], titles=[(0, 1)], surfaces={"hebb": [0]})
    rarity = 0.1 * log(3) / log(5)
    base = scored(snapshot, "Who taught Hebb?")
    assert base.score == pytest.approx([rarity + 0.1, rarity + 0.2, 0, 0])
    [link] = links_of(snapshot, "Who taught Hebb?")
    assert link.entries == (0,)
    assert link.largest == pytest.approx(rarity + 0.2)
    named = mentioning(0, linked([link], snapshot.pairs), np.zeros(0, dtype=np.int32), 2)
    assert named.tolist() == [0, 1]


def test_an_ambiguous_name_gives_a_passage_the_best_of_what_it_may_mean() -> None:
    snapshot = walkable(
        3,
        [{0: [0], 1: [0], 2: [0]}, {1: [0]}],
        titles=[(0, 0), (1, 1)],
        surfaces={"mercury": [0, 1]},
    )
    common, rare = 0.1 * log(2) / log(4), 0.1
    base = scored(snapshot, "Who saw Mercury?")
    assert base.score == pytest.approx([common + 0.16, rare + 0.16, common + 0.2 / 3])


def test_bonuses_of_several_names_add_up() -> None:
    surfaces = {"hebb": [0], "milner": [1]}
    snapshot = walkable(1, [{0: [0]}, {0: [0]}], surfaces=surfaces)
    assert scored(snapshot, "Who knew Hebb and Milner?").score == pytest.approx([0.6])


def test_a_name_that_comes_twice_gives_its_bonus_once() -> None:
    snapshot = walkable(1, [{0: [0]}], surfaces={"hebb": [0]})
    assert scored(snapshot, "Did Hebb know Hebb?").score == pytest.approx([0.3])


def test_a_hub_gives_its_bonus_to_all_its_passages() -> None:
    snapshot = walkable(30, [{p: [0] for p in range(30)}], surfaces={"hebb": [0]})
    bonus = 0.1 * log(2) / log(31) + 0.2 / 30
    assert scored(snapshot, "Who taught Hebb?").score == pytest.approx([bonus] * 30, abs=1e-6)


def test_a_known_name_that_no_passage_has_gives_nothing() -> None:
    snapshot = walkable(2, [{}], surfaces={"hebb": [0]})
    base = scored(snapshot, "Who taught Hebb?")
    assert base.score.tolist() == [0.0, 0.0]
    assert links_of(snapshot, "Who taught Hebb?")[0].largest == 0


def test_of_a_hub_only_its_own_passages_and_those_that_are_near_are_named() -> None:
    hub = walkable(5, [{p: [0] for p in range(5)}], titles=[(0, 3)], surfaces={"hebb": [0]})
    named, near = linked(links_of(hub, "Who taught Hebb?"), hub.pairs), np.array([1, 4], np.int32)
    assert mentioning(0, named, near, 4).tolist() == [1, 3, 4]


def test_what_one_of_its_meanings_or_several_name_is_named_once() -> None:
    entries = [{0: [0], 1: [0]}, {1: [0], 4: [0]}, {2: [0]}]
    snapshot = walkable(5, entries, surfaces={"mercury": [0, 1], "hebb": [2]})
    named = linked(links_of(snapshot, "Who saw Mercury and Hebb?"), snapshot.pairs)
    none = np.zeros(0, dtype=np.int32)
    assert [mentioning(link, named, none, 9).tolist() for link in (0, 1)] == [[0, 1, 4], [2]]


def test_a_passage_that_is_looked_at_again_stays_in_its_place() -> None:
    base = scored(walkable(3, []), "Who?", [[0.1, 0.2, 0.3]])
    again = np.array([2, 0], dtype=np.int32)
    places, (_, passages, *_, score) = look_at(again, base.sight, base.seen)
    assert places.tolist() == [2, 0]
    assert passages.tolist() == [0, 1, 2]
    assert score == pytest.approx([0.1, 0.2, 0.3])


def test_the_place_of_a_passage_is_known_if_it_was_looked_at() -> None:
    some = np.array([2, 5, 1], dtype=np.int32)
    base = Base(links=(), passages=some, score=np.zeros(3, dtype=np.float32))
    assert [base.place_of(passage) for passage in (5, 1, 7)] == [1, 2, None]


@pytest.mark.parametrize(("common", "having"), [(0, 2), (1, 2), (4, 4)])
def test_a_word_is_no_rarer_than_the_passages_that_have_it(common: int, having: int) -> None:
    snapshot = walkable(8, [{0: [0], 1: [0]}], surfaces={"stick": [0]})
    link = Link(surface="stick", start=4, end=9)
    found = link_bonus(link, [0], Postings(snapshot, 20), WalkConstants(), common)
    assert found.largest == pytest.approx(0.1 * log(1 + 8 / having) / log(9) + 0.2 / having)
