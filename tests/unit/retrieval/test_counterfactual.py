"""Where a passage would be without something."""

import random

import numpy as np
import pytest

from kg.errors import DocumentNotFound, EntityNotFound, InputError, NotFound
from retrieval.counterfactual import NO_FACTS
from retrieval.hipporag2 import HippoRAG2
from retrieval.retriever import Retriever
from retrieval.walk import ConditionedWalk, WalkConstants
from tests.doubles.corpus import Note, note, snapshot_of
from tests.doubles.hash_embedder import HashEmbedder
from tests.doubles.random_notes import notes_by_chance, questions_by_chance
from tests.doubles.snapshots import AFact, AnEntity, APassage, Handmade

EMBEDDER = HashEmbedder(48)
QUESTION = "Where was the teacher of Milner born?"
HOPS = [
    note("Brenda Milner was a student of Donald Hebb.", "Milner", "Hebb"),
    Note(
        title="Donald Hebb",
        text="He was born in Chester.",
        names=("Chester",),
        triples=(("Donald Hebb", "was born in", "Chester"), ("Donald Hebb", "saw", "Halifax")),
    ),
    note("Nothing of it all is said in this note.", "Others"),
]
MILNER, HEBB, OTHERS = (one.passage.id for one in HOPS)


@pytest.fixture(scope="module")
def retriever() -> Retriever:
    return Retriever(snapshot_of(HOPS, EMBEDDER), EMBEDDER)


@pytest.mark.parametrize("seed", range(6))
def test_without_a_passage_the_walk_is_that_of_a_corpus_without_it(seed: int) -> None:
    chance = random.Random(seed)
    notes = notes_by_chance(chance, 14, titled=False)
    gone = chance.choice(notes)
    whole = snapshot_of(notes, EMBEDDER)
    smaller = snapshot_of([one for one in notes if one != gone], EMBEDDER)
    number = list(whole.passages.id).index(gone.passage.id)
    changed, expected = ConditionedWalk(whole).without(passages=[number]), ConditionedWalk(smaller)
    for question in questions_by_chance(chance):
        vectors = EMBEDDER.embed([text for text, _ in expected.texts(question)], "query")
        trace = changed.trace(question, vectors)
        found = expected.rank(question, vectors, len(notes))
        order = [whole.passages.id[passage] for passage in trace.best(99)]
        scores = [trace.score(passage) for passage in trace.best(99).tolist()]
        assert order == [smaller.passages.id[passage] for passage in found.passages]
        assert scores == pytest.approx(found.scores.tolist(), abs=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_without_an_entity_it_is_neither_link_nor_bridge_and_parts_still_add_up(seed: int) -> None:
    chance = random.Random(seed)
    snapshot = snapshot_of(notes_by_chance(chance, 14), EMBEDDER)
    entry = list(snapshot.gazetteer.label).index("McGill")
    walk = ConditionedWalk(snapshot).without(entries=[entry])
    for question in ["Who came to McGill from York?", *questions_by_chance(chance)]:
        vectors = EMBEDDER.embed([text for text, _ in walk.texts(question)], "query")
        trace = walk.trace(question, vectors)
        for passage in trace.best(99).tolist():
            receipt = trace.receipt(passage)
            amounts = [part.amount for part in receipt.direct]
            amounts += [bridge.amount for bridge in receipt.bridges]
            assert sum(amounts) == pytest.approx(receipt.score, abs=1e-5)
            assert "McGill" not in {bridge.name for bridge in receipt.bridges}
            assert ("link", "McGill") not in {(part.kind, part.label) for part in receipt.direct}


def everywhere() -> list[Note]:
    """Sixty notes that all name one firm, and one that names somebody else, too."""
    firm = [note(f"Ammon Inc sells lamp {number}.", "", "Ammon Inc") for number in range(60)]
    return [*firm, note("Ammon Inc repaired a violin for Zork.", "Zork", "Zork, Ammon Inc")]


@pytest.mark.parametrize(
    ("question", "name", "before", "after"),
    [
        pytest.param("Who repaired it for Zork?", "Zork", False, True, id="the only rare one"),
        pytest.param("Who mended for Ammon Inc?", "Ammon Inc", True, True, id="the only one"),
        pytest.param("Did Zork mend at Ammon Inc?", "Zork", False, True, id="all but a common one"),
        pytest.param("Did Zork mend at Ammon Inc?", "Ammon Inc", False, False, id="a common one"),
    ],
)
def test_where_no_rare_name_is_left_words_count_as_where_nothing_is_named(
    question: str, name: str, before: bool, after: bool
) -> None:
    snapshot = snapshot_of(everywhere(), EMBEDDER)
    walk, weights = ConditionedWalk(snapshot), WalkConstants()
    entry = list(snapshot.gazetteer.label).index(name)
    vectors = EMBEDDER.embed([text for text, _ in walk.texts(question)], "query")
    with_it, without_it = (
        one.run(question, vectors).asked for one in (walk, walk.without(entries=[entry]))
    )
    plain = {False: weights.word_weight, True: weights.plain_word_weight}
    assert (with_it.word_weight, without_it.word_weight) == (plain[before], plain[after])
    assert with_it.vectors.tolist() == without_it.vectors.tolist(), "it is read as before"


def test_without_the_only_passage_of_a_name_words_count_as_where_nothing_is_named() -> None:
    notes = everywhere()
    snapshot = snapshot_of(notes, EMBEDDER)
    gone = list(snapshot.passages.id).index(notes[-1].passage.id)
    walk = ConditionedWalk(snapshot).without(passages=[gone])
    vectors = EMBEDDER.embed([text for text, _ in walk.texts("Who repaired it for Zork?")], "query")
    asked = walk.run("Who repaired it for Zork?", vectors).asked
    assert asked.word_weight == WalkConstants().plain_word_weight


def test_leaving_something_out_leaves_the_walk_itself_as_it_was() -> None:
    walk = ConditionedWalk(snapshot_of(HOPS, EMBEDDER))
    vectors = EMBEDDER.embed([text for text, _ in walk.texts(QUESTION)], "query")
    before = walk.rank(QUESTION, vectors, 3)
    walk.without(entries=[0, 1], passages=[0]).trace(QUESTION, vectors)
    after = walk.rank(QUESTION, vectors, 3)
    assert after.scores.tolist() == before.scores.tolist()


def test_without_its_bridge_a_passage_falls(retriever: Retriever) -> None:
    found = retriever.counterfactual(QUESTION, HEBB, without_entity="Donald Hebb")
    assert found.score_without < found.score / 2
    assert (found.names[0], found.left_out_rank) == ("Donald Hebb", 0)
    assert found.note == ""


def test_without_the_passage_that_led_to_it_a_passage_is_ranked_among_the_others(
    retriever: Retriever,
) -> None:
    found = retriever.counterfactual(QUESTION, OTHERS, without_passage=MILNER)
    assert (found.rank, found.rank_without) == (3, 2)
    assert (found.names, found.left_out_rank) == (("Milner",), 1)


def test_a_name_takes_the_names_inside_it_with_it() -> None:
    notes = [*HOPS, note("Hebb was here.", "Guests", "Hebb")]
    asked = Retriever(snapshot_of(notes, EMBEDDER), EMBEDDER)
    found = asked.counterfactual(QUESTION, HEBB, without_entity="donald hebb")
    assert set(found.names) == {"Donald Hebb", "Hebb"}


def test_without_a_fact_the_walk_is_the_same_and_says_why(retriever: Retriever) -> None:
    fact = "Donald Hebb — was born in — Chester"
    found = retriever.counterfactual(QUESTION, HEBB, without_fact=fact)
    assert (found.rank_without, found.score_without) == (found.rank, found.score)
    assert (found.names, found.note) == ((fact,), NO_FACTS)


def test_a_fact_may_be_given_with_hyphens(retriever: Retriever) -> None:
    fact = "Donald Hebb - was born in - Chester"
    found = retriever.counterfactual(QUESTION, HEBB, without_fact=fact)
    assert found.names == ("Donald Hebb — was born in — Chester",)


def test_a_fact_may_be_given_by_its_id(retriever: Retriever) -> None:
    found = retriever.counterfactual(
        QUESTION, HEBB, mode="hipporag2", without_fact=retriever.snapshot.facts.id[0]
    )
    assert found.names[0].startswith("Donald Hebb — ")
    assert found.note == ""


def test_in_hipporag2_a_fact_that_is_left_out_is_not_scored() -> None:
    snapshot = Handmade(
        passages=[APassage(), APassage()],
        entities=[AnEntity(name=name) for name in "abcd"],
        facts=[
            AFact(subject=0, object=1, vector=(1.0, 0.0)),
            AFact(subject=2, object=3, passages=[1], vector=(0.6, 0.8)),
            AFact(subject=1, object=2, passages=[1], vector=(0.0, 1.0)),
        ],
    ).snapshot()
    mode = HippoRAG2(snapshot)
    vectors = np.array([(1, 0), (1, 0)], dtype=np.float32)
    used = mode.without_fact(0).rank("Q?", vectors, 2).explanation.facts
    assert [(fact.subject, fact.score) for fact in used] == [("c", 1.0), ("b", 0.0)]
    assert len(mode.rank("Q?", vectors, 2).explanation.facts) == 3
    (left,) = mode.without_fact(1).without_fact(0).rank("Q?", vectors, 2).explanation.facts
    assert left.subject == "b"


def test_exactly_one_thing_is_left_out(retriever: Retriever) -> None:
    with pytest.raises(InputError, match="one entity, one passage or one fact"):
        retriever.counterfactual(QUESTION, HEBB)
    with pytest.raises(InputError, match="one entity, one passage or one fact"):
        retriever.counterfactual(QUESTION, HEBB, without_entity="Chester", without_passage=MILNER)


def test_a_passage_is_not_ranked_without_itself(retriever: Retriever) -> None:
    with pytest.raises(InputError, match="without itself"):
        retriever.counterfactual(QUESTION, HEBB, without_passage=HEBB)


def test_what_is_not_there_cannot_be_left_out(retriever: Retriever) -> None:
    with pytest.raises(EntityNotFound, match="Nobody"):
        retriever.counterfactual(QUESTION, HEBB, without_entity="Nobody")
    with pytest.raises(DocumentNotFound, match=r"no\.md"):
        retriever.counterfactual(QUESTION, HEBB, without_passage="no.md")
    with pytest.raises(NotFound, match="a — b — c"):
        retriever.counterfactual(QUESTION, HEBB, without_fact="a — b — c")


@pytest.mark.parametrize("left_out", ["without_entity", "without_passage", "without_fact"])
def test_a_mode_that_cannot_do_without_says_which_can(retriever: Retriever, left_out: str) -> None:
    keys = {
        "without_entity": "Chester",
        "without_passage": MILNER,
        "without_fact": "Donald Hebb — saw — Halifax",
    }
    with pytest.raises(InputError, match="only in mode"):
        retriever.counterfactual(QUESTION, HEBB, mode="dense", **{left_out: keys[left_out]})
