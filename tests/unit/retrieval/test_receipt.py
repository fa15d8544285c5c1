"""Receipts of the walk: their parts add up, and say what is true."""

import random

import numpy as np
import pytest

from kg.snapshot import Snapshot
from kg.tokens import tokenise
from retrieval.receipt import Quote, Receipt
from retrieval.walk import ConditionedWalk, WalkConstants
from retrieval.walk.receipt import NOT_REACHED
from retrieval.walk.variety import leads_among
from tests.doubles.corpus import Note, note, snapshot_of
from tests.doubles.hash_embedder import HashEmbedder
from tests.doubles.random_notes import notes_by_chance, questions_by_chance
from tests.doubles.walk_reference import ReferenceWalk

EMBEDDER = HashEmbedder(48)
HOPS = [
    note("Brenda Milner was a student of Hebb.", "Milner", "Hebb"),
    Note(
        title="Hebb",
        text="It was long ago. Hebb was born in Chester.",
        names=("Chester",),
        triples=(("Hebb", "was born in", "Chester"), ("Hebb", "liked", "Halifax")),
    ),
    note("Nothing of it all is said in this note.", "Others"),
]


def receipts(
    snapshot: Snapshot, question: str, constants: WalkConstants | None = None
) -> list[Receipt]:
    """Of all passages, best first."""
    walk = ConditionedWalk(snapshot, constants)
    vectors = EMBEDDER.embed([text for text, _ in walk.texts(question)], "query")
    trace = walk.trace(question, vectors)
    return [trace.receipt(passage) for passage in trace.best(len(snapshot.passages.id)).tolist()]


def of(title: str, question: str) -> Receipt:
    """That of one of the notes above."""
    found = receipts(snapshot_of(HOPS, EMBEDDER), question)
    return next(receipt for receipt in found if receipt.title == title)


def total(receipt: Receipt) -> float:
    direct = sum(part.amount for part in receipt.direct)
    return direct + sum(part.amount for part in receipt.bridges)


@pytest.mark.parametrize("seed", range(8))
def test_the_parts_add_up_to_the_score_that_the_reference_gives(seed: int) -> None:
    chance = random.Random(seed)
    notes = notes_by_chance(chance, chance.choice([2, 5, 12, 30]))
    snapshot, reference = snapshot_of(notes, EMBEDDER), ReferenceWalk(notes, EMBEDDER)
    for question in questions_by_chance(chance):
        expected = dict(reference.ranking(question, len(notes)))
        for receipt in receipts(snapshot, question):
            assert total(receipt) == pytest.approx(receipt.score, abs=1e-6)
            assert total(receipt) == pytest.approx(expected[receipt.passage_id], abs=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_a_receipt_has_the_rank_and_score_of_the_answer(seed: int) -> None:
    chance = random.Random(seed)
    snapshot = snapshot_of(notes_by_chance(chance, 15), EMBEDDER)
    walk = ConditionedWalk(snapshot)
    for question in questions_by_chance(chance):
        vectors = EMBEDDER.embed([text for text, _ in walk.texts(question)], "query")
        found = walk.rank(question, vectors, 15)
        told = [(one.passage_id, one.rank, one.score) for one in receipts(snapshot, question)]
        ids = [snapshot.passages.id[passage] for passage in found.passages]
        assert told == list(zip(ids, range(1, 16), found.scores.tolist(), strict=False))


def test_passages_that_the_walk_did_not_look_at_have_their_ranks() -> None:
    chance = random.Random(2)
    snapshot = snapshot_of(notes_by_chance(chance, 40), EMBEDDER)
    walk = ConditionedWalk(
        snapshot, WalkConstants(candidates=2, candidates_of_few=2, worded=1, postings=2)
    )
    question = "Who taught Milner?"
    vectors = EMBEDDER.embed([text for text, _ in walk.texts(question)], "query")
    found = walk.rank(question, vectors, 40).passages.tolist()
    trace = walk.trace(question, vectors)
    assert len(walk.run(question, vectors).score) < len(found)
    last = trace.receipt(found[-1])
    assert (last.rank, last.score, last.notes) == (len(found), 0.0, (NOT_REACHED,))
    assert [trace.rank(passage) for passage in found] == list(range(1, len(found) + 1))
    assert trace.first_of([found[-1], found[-2]]) == found[-2]
    assert walk.without(passages=[found[-1]]).trace(question, vectors).rank(found[-1]) == 0


@pytest.mark.parametrize("seed", range(4))
def test_origins_add_up_to_their_bridge_and_givers_to_their_origin(seed: int) -> None:
    chance = random.Random(seed)
    snapshot = snapshot_of(notes_by_chance(chance, 12), EMBEDDER)
    found = receipts(snapshot, questions_by_chance(chance)[1])
    bridges = [bridge for receipt in found for bridge in receipt.bridges]
    assert bridges
    for bridge in bridges:
        assert sum(origin.amount for origin in bridge.origins) == pytest.approx(bridge.amount)
        for origin in bridge.origins:
            assert sum(giver.share for giver in origin.givers) == pytest.approx(1, abs=1e-6)
            assert found[origin.rank - 1].passage_id == origin.passage_id
    given = {g.kind for bridge in bridges for origin in bridge.origins for g in origin.givers}
    assert given >= {"question", "link", "bridge"}


@pytest.mark.parametrize("seed", range(4))
def test_a_giver_that_is_a_bridge_names_the_passage_before_and_what_led_there(seed: int) -> None:
    chance = random.Random(seed)
    snapshot = snapshot_of(notes_by_chance(chance, 12), EMBEDDER)
    found = receipts(snapshot, questions_by_chance(chance)[1])
    ids = set(snapshot.passages.id)
    origins = [origin for one in found for bridge in one.bridges for origin in bridge.origins]
    givers = [(origin, giver) for origin in origins for giver in origin.givers]
    bridges = [(origin, giver) for origin, giver in givers if giver.kind == "bridge"]
    assert bridges
    for origin, giver in bridges:
        assert giver.passage_id in ids - {origin.passage_id}
        assert sum(before.share for before in giver.givers) == pytest.approx(1, abs=1e-6)
        assert "bridge" not in {before.kind for before in giver.givers}
    others = [giver for _, giver in givers if giver.kind != "bridge"]
    assert {(giver.passage_id, giver.givers) for giver in others} == {("", ())}


@pytest.mark.parametrize("seed", range(4))
def test_quotations_stand_in_their_passage_and_name_the_bridge(seed: int) -> None:
    chance = random.Random(seed)
    snapshot = snapshot_of(notes_by_chance(chance, 12, titled=False), EMBEDDER)
    texts = dict(zip(snapshot.passages.id, snapshot.passages.text, strict=True))
    for receipt in receipts(snapshot, questions_by_chance(chance)[1]):
        for bridge in receipt.bridges:
            quotes = [(bridge.quote, receipt.passage_id)]
            quotes += [(origin.quote, origin.passage_id) for origin in bridge.origins]
            for quote, passage in quotes:
                assert quote is not None
                assert texts[passage][quote.start : quote.end] == quote.text
                words = [token.form for token in tokenise(quote.text)]
                assert {token.form for token in tokenise(bridge.name)} <= set(words)


def test_a_bridge_tells_where_it_came_from_and_what_is_said_at_both_ends() -> None:
    (bridge,) = of("Hebb", "Where was the teacher of Milner born?").bridges
    assert bridge.name == "Hebb"
    (origin,) = bridge.origins
    assert (origin.title, origin.rank) == ("Milner", 1)
    assert origin.quote is not None
    assert bridge.quote is not None
    assert origin.quote.text == "Brenda Milner was a student of Hebb."
    assert bridge.quote.text == "Hebb was born in Chester."
    assert {giver.kind for giver in origin.givers} == {"question", "link"}


UNDER_TITLES = [
    note("Brenda Milner was a student of Hebb.", "Milner", "Hebb"),
    note("He was born in Chester.", "Hebb"),
    note("His teacher was born there too, they say.", "Letters of Hebb"),
]


def quotes_at_hebb(title: str) -> list[Quote | None]:
    """Of a passage above: what is quoted for the bridge 'Hebb', here and where the walk was."""
    found = receipts(snapshot_of(UNDER_TITLES, EMBEDDER), "Where was the teacher of Milner born?")
    (receipt,) = [one for one in found if one.title == title]
    (bridge,) = [one for one in receipt.bridges if one.name == "Hebb"]
    (origin,) = [one for one in bridge.origins if one.title == "Milner"]
    return [bridge.quote, origin.quote]


def test_a_sentence_that_only_stands_under_the_name_as_its_title_is_marked() -> None:
    here, there = quotes_at_hebb("Hebb")
    assert here is not None
    assert there is not None
    assert (here.text, here.by_title) == ("He was born in Chester.", True)
    assert (there.text, there.by_title) == ("Brenda Milner was a student of Hebb.", False)


def test_no_sentence_is_quoted_where_a_title_names_the_bridge_among_other_words() -> None:
    assert quotes_at_hebb("Letters of Hebb")[0] is None


def test_facts_about_the_bridge_connect_its_ends() -> None:
    (bridge,) = of("Hebb", "Where was the teacher of Milner born?").bridges
    told = [(fact.subject, fact.relation, fact.object) for fact in bridge.facts]
    assert told == [("Hebb", "was born in", "Chester"), ("Hebb", "liked", "Halifax")]
    assert bridge.facts[0].score >= bridge.facts[1].score
    assert bridge.facts[0].passage_ids == (HOPS[1].passage.id,)


def test_a_name_of_the_question_gives_directly() -> None:
    direct = of("Milner", "Where was Milner's teacher born?").direct
    named = [part for part in direct if part.kind == "link"]
    assert [part.label for part in named] == ["Milner"]
    assert named[0].quote is not None
    assert named[0].quote.text == "Brenda Milner was a student of Hebb."


def test_a_clause_gives_directly_for_its_own_sentence() -> None:
    direct = of("Hebb", "Who studied with the man, who was born in Chester?").direct
    (part,) = [part for part in direct if part.label == "who was born in Chester?"]
    assert part.kind == "clause"
    assert part.quote is not None
    assert part.quote.text == "Hebb was born in Chester."


def test_no_name_of_the_question_is_a_bridge() -> None:
    assert of("Hebb", "Who taught Milner, was it Hebb?").bridges == ()


def test_a_passage_that_was_not_reached_says_so() -> None:
    found = receipts(snapshot_of(HOPS, EMBEDDER), "Hebb", WalkConstants(pool=1))
    assert [receipt.score > 0 for receipt in found] == [True, False, False]
    assert (found[1].direct, found[1].bridges, found[1].notes) == ((), (), (NOT_REACHED,))
    assert found[0].notes == ()


def test_what_is_taken_off_for_likeness_names_the_better_passage() -> None:
    twins = [note(f"Hebb taught Milner about memory{end}.", "Hebb") for end in ("", " again")]
    others = [note(f"{name} is a name of its own.", name) for name in ("York", "McGill", "Snow")]
    snapshot = snapshot_of([*twins, *others], EMBEDDER)
    first, *later = receipts(snapshot, "What did Hebb teach Milner?")
    (twin,) = [receipt for receipt in later if receipt.title == "Hebb"]
    (part,) = [part for part in twin.direct if part.kind == "alike"]
    assert (first.title, part.label, part.quote) == ("Hebb", "Hebb", None)
    assert (part.passage_id, part.rank) == (first.passage_id, 1)
    assert part.amount < 0
    assert total(twin) == pytest.approx(twin.score, abs=1e-6)


@pytest.mark.parametrize("seed", [2, 10, 14, 36])
def test_what_is_taken_off_is_for_the_likest_better_one_that_does_not_name_it(seed: int) -> None:
    chance = random.Random(seed)
    snapshot = snapshot_of(notes_by_chance(chance, 12), EMBEDDER)
    number = {one: row for row, one in enumerate(snapshot.passages.id)}
    vectors, seen = snapshot.passages.vectors.astype(np.float64), 0
    for question in questions_by_chance(chance):
        found = receipts(snapshot, question)
        rows = np.array([number[receipt.passage_id] for receipt in found], dtype=np.int32)
        leads = leads_among(snapshot.pairs, rows)
        for place, receipt in enumerate(found):
            for part in receipt.direct:
                if part.kind == "alike":
                    free = [row for row in range(place) if not leads[row, place]]
                    cosines = vectors[rows[free]] @ vectors[rows[place]]
                    likest = free[int(cosines.argmax())]
                    assert (part.passage_id, part.rank) == (found[likest].passage_id, likest + 1)
                    seen += 1
    assert seen


def test_what_is_taken_off_for_one_that_the_question_prefers_names_it() -> None:
    moving, plain = WalkConstants(staying=0.0), WalkConstants(staying=0.0, foremost=2.0)
    notes, question = snapshot_of(HOPS, EMBEDDER), "Where was the teacher of Milner born?"
    usual, found = (receipts(notes, question, constants) for constants in (plain, moving))
    assert [receipt.title for receipt in usual[:2]] == ["Hebb", "Milner"]
    assert [receipt.title for receipt in found[:2]] == ["Milner", "Hebb"]
    part = next(part for part in found[1].direct if part.kind == "passed")
    assert (part.label, part.quote) == ("Milner", None)
    assert (part.passage_id, part.rank) == (found[0].passage_id, 1)
    assert part.amount == pytest.approx(found[0].score - usual[0].score)
    assert total(found[1]) == pytest.approx(found[1].score, abs=1e-6)
    assert found[1].given == pytest.approx(usual[0].given)


def test_a_receipt_and_its_origins_know_their_sources() -> None:
    found = of("Hebb", "Where was the teacher of Milner born?")
    origins = [origin for bridge in found.bridges for origin in bridge.origins]
    assert found.source == f"Hebb/{HOPS[1].text}"
    assert {origin.source for origin in origins} == {f"Milner/{HOPS[0].text}"}
