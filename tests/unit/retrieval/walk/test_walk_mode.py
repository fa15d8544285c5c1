"""The walk as a mode: what it asks to be embedded, how it ranks, and what it says of it."""

from collections.abc import Sequence

import numpy as np
import pytest

from retrieval.mode import Ranking
from retrieval.results import UsedEntity
from retrieval.walk import ConditionedWalk, WalkConstants
from retrieval.walk.explanation import NOTHING_LINKED
from tests.doubles.corpus import Note, note, snapshot_of
from tests.doubles.hash_embedder import HashEmbedder

EMBEDDER = HashEmbedder()
HOPS = [
    note("Brenda Milner was a student of Hebb.", "Milner", "Hebb"),
    Note(
        title="Hebb",
        text="Hebb was born in Chester.",
        names=("Chester",),
        triples=(("Hebb", "was born in", "Chester"),),
    ),
    note("Chester lies by the sea, and Hebb is not there.", "Chester", "Hebb"),
    note("Nothing of it all is said in this note.", "Others"),
]


def ranked(notes: Sequence[Note], question: str, k: int = 10) -> tuple[Ranking, list[str]]:
    """(ranking, titles in order)."""
    snapshot = snapshot_of(notes, EMBEDDER)
    walk = ConditionedWalk(snapshot)
    vectors = EMBEDDER.embed([text for text, _ in walk.texts(question)], "query")
    ranking = walk.rank(question, vectors, k)
    return ranking, [snapshot.passages.title[int(row)] for row in ranking.passages]


def texts(notes: Sequence[Note], question: str) -> list[str]:
    embedded = ConditionedWalk(snapshot_of(notes, EMBEDDER)).texts(question)
    assert {kind for _, kind in embedded} == {"query"}
    return [text for text, _ in embedded]


def used(ranking: Ranking, role: str) -> list[UsedEntity]:
    return [entity for entity in ranking.explanation.entities if entity.role == role]


def test_the_question_its_mask_and_its_clauses_are_embedded_in_that_order() -> None:
    assert texts(HOPS, "Who taught Milner, and where was he born?") == [
        "Who taught Milner, and where was he born?",
        "Who taught , and where was he born?",
        "Who taught Milner",
        "where was he born?",
    ]


def test_a_question_that_names_nothing_and_has_no_clauses_is_embedded_alone() -> None:
    assert texts(HOPS, "What is said of it?") == ["What is said of it?"]


def test_a_question_that_is_all_one_name_has_no_mask_to_embed() -> None:
    assert texts(HOPS, "Hebb") == ["Hebb"]


def test_the_step_lifts_the_passage_that_a_bridge_leads_to() -> None:
    ranking, titles = ranked(HOPS, "Where was the teacher of Milner born?")
    assert set(titles[:2]) == {"Milner", "Hebb"}
    bridges = {entity.name: entity.weight for entity in used(ranking, "bridge")}
    assert max(bridges, key=bridges.__getitem__) == "Hebb"


def test_a_question_that_is_all_one_name_finds_its_passage_first() -> None:
    assert ranked(HOPS, "Milner")[1][0] == "Milner"


def test_a_question_that_names_nothing_known_is_answered_and_says_so() -> None:
    ranking, titles = ranked(HOPS, "What is said in this note?")
    assert titles[0] == "Others"
    assert ranking.explanation.notes == (NOTHING_LINKED,)
    assert used(ranking, "question") == []


@pytest.mark.parametrize("question", ["", "?", "😀", "Где родился Хебб?"])
def test_any_question_is_ranked(question: str) -> None:
    assert sorted(ranked(HOPS, question)[1]) == ["Chester", "Hebb", "Milner", "Others"]


def test_an_empty_corpus_has_an_empty_ranking() -> None:
    ranking, _ = ranked([], "Who taught Milner?")
    assert (len(ranking.passages), len(ranking.scores)) == (0, 0)


def test_where_there_is_nowhere_to_go_the_sources_are_the_whole_score() -> None:
    ranking, titles = ranked([HOPS[0]], "Who taught Milner?")
    assert titles == ["Milner"]
    assert ranking.scores.tolist() == pytest.approx([1.0])
    assert [entity.role for entity in ranking.explanation.entities] == ["question"]


@pytest.mark.parametrize("k", [1, 2, 4])
def test_the_k_best_come_back_in_the_order_of_the_whole(k: int) -> None:
    question = "Where was the teacher of Milner born?"
    assert ranked(HOPS, question, k)[1] == ranked(HOPS, question, 4)[1][:k]


def test_more_than_there_is_gives_all_there_is() -> None:
    assert len(ranked(HOPS, "Who taught Milner?", 100)[1]) == 4


def test_what_the_walk_does_not_reach_follows_without_a_score() -> None:
    others = [note(f"Filler text number {number}.", f"Filler {number}") for number in range(30)]
    ranking, titles = ranked([*HOPS, *others], "Who taught Milner?", 34)
    assert len(set(titles)) == 34
    assert (ranking.scores > 0).tolist() == [True] * 20 + [False] * 14


def test_passages_of_equal_titles_bridge_to_each_other() -> None:
    parts = [
        note("Hebb studied cells there.", "Life", "Hebb"),
        note("It ended in the north.", "Life"),
    ]
    ranking, titles = ranked([*parts, HOPS[3]], "Where did Hebb study cells?", 3)
    assert titles[:2] == ["Life", "Life"]
    assert [entity.name for entity in used(ranking, "bridge")] == ["Life"]


def test_names_of_the_question_are_told_with_their_share_of_the_largest_bonus() -> None:
    ranking, _ = ranked(HOPS, "Did Milner ever meet Hebb?")
    named = used(ranking, "question")
    assert [entity.weight for entity in named] == sorted(
        (entity.weight for entity in named), reverse=True
    )
    assert {entity.name for entity in named} == {"Milner", "Hebb"}
    assert named[0].weight == 1.0


def test_names_of_the_question_are_no_bridges() -> None:
    ranking, _ = ranked(HOPS, "Did Hebb live in Chester?")
    assert used(ranking, "bridge") == []


def test_facts_about_used_names_are_told_with_the_passages_that_state_them() -> None:
    ranking, _ = ranked(HOPS, "Did Hebb live in Chester?")
    [fact] = ranking.explanation.facts
    assert (fact.subject, fact.relation, fact.object) == ("Hebb", "was born in", "Chester")
    known, asked = EMBEDDER.embed(["hebb was born in chester", "Did Hebb live in Chester?"], "fact")
    assert fact.score == pytest.approx(float(known @ asked))
    assert fact.passage_ids == (HOPS[1].passage.id,)


def test_facts_of_passages_that_were_not_found_are_not_told() -> None:
    ranking, titles = ranked(HOPS, "What is said of Chester by the sea and Chester?", k=1)
    assert titles == ["Chester"]
    assert ranking.explanation.facts == ()


def test_clauses_are_told() -> None:
    ranking, _ = ranked(HOPS, "Who taught Milner, and where was he born?")
    assert ranking.explanation.clauses == ("Who taught Milner", "where was he born?")


def test_the_walk_does_not_change_the_vectors_it_is_given() -> None:
    walk = ConditionedWalk(snapshot_of(HOPS, EMBEDDER))
    question = "Who taught Milner, and where was he born?"
    vectors = EMBEDDER.embed([text for text, _ in walk.texts(question)], "query")
    before = vectors.copy()
    first = walk.rank(question, vectors, 4)
    assert (vectors == before).all()
    assert walk.rank(question, vectors, 4).passages.tolist() == first.passages.tolist()


@pytest.mark.parametrize("names", ["Alice met Bob", "Xavier met Yvonne"])
def test_of_two_that_give_each_other_all_that_they_have_the_better_fit_comes_first(
    names: str,
) -> None:
    notes = [note("Alice met Bob in Oslo.", "", "Oslo"), note("Xavier met Yvonne in Oslo.", "M")]
    snapshot = snapshot_of(notes, EMBEDDER)
    walk = ConditionedWalk(snapshot, WalkConstants(staying=0.0))
    question = f"Where was it that {names}?"
    run = walk.run(question, EMBEDDER.embed([text for text, _ in walk.texts(question)], "query"))
    passages, scores = run.best(2)
    assert scores.tolist() == pytest.approx([0.5, 0.5], abs=1e-3)
    assert passages[0] == run.base.passages[run.base.score.argmax()]


@pytest.mark.parametrize(("everywhere", "share"), [(30, 0.3), (20, 0.0)])
def test_a_name_that_is_everywhere_counts_less_in_the_question(
    everywhere: int, share: float
) -> None:
    notes = [note(f"Lakeside keeps box {n}.", "", "Lakeside") for n in range(everywhere)]
    notes += [note(f"Box {n} is blue.") for n in range(50 - everywhere)]
    walk = ConditionedWalk(snapshot_of(notes, EMBEDDER))
    question = "Which box is blue at Lakeside?"
    vectors = EMBEDDER.embed([text for text, _ in walk.texts(question)], "query")
    leaning = (1 - share) * vectors[0] + share * vectors[1]
    found = walk.run(question, vectors).asked.vectors[0]
    assert found == pytest.approx(leaning / np.linalg.norm(leaning), abs=1e-6)


@pytest.mark.parametrize(
    ("question", "weight"),
    [
        ("Which box is blue?", 0.15),
        ("Which box is blue at Lakeside?", 0.15),
        ("Which box is blue at Ashford?", 0.1),
        ("Which box is blue at Lakeside, and which at Ashford?", 0.1),
    ],
)
def test_words_count_more_in_a_question_that_names_nothing_rare(
    question: str, weight: float
) -> None:
    notes = [note(f"Lakeside keeps box {n}.", "", "Lakeside") for n in range(30)]
    notes += [note("Ashford has no box.", "", "Ashford"), note("Box 40 is blue.")]
    walk = ConditionedWalk(snapshot_of(notes, EMBEDDER))
    vectors = EMBEDDER.embed([text for text, _ in walk.texts(question)], "query")
    assert walk.run(question, vectors).asked.word_weight == weight
