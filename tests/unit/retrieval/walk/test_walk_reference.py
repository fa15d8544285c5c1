"""The walk agrees with a slow one written from its description."""

import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from retrieval.walk import ConditionedWalk, WalkConstants
from tests.doubles.corpus import Note, snapshot_of
from tests.doubles.hash_embedder import HashEmbedder
from tests.doubles.walk_reference import ReferenceWalk

NAMES = [
    "Hebb",
    "Donald Hebb",
    "Milner",
    "Brenda Milner",
    "New York",
    "York",
    "New York University",
    "Москва",
    "H.M.",
    "McGill",
    "Octopus",
    "1953",
    "北京",
    "Apollo 11",
    "Place cells",
]
TITLES = [
    "",
    "",
    "Donald Hebb",
    "Brenda Milner",
    "York (city)",
    "York (duke)",
    "The Octopus",
    "New York, America",
    "place cells",
    "Memory of an Octopus",
]
WORDS = "the of memory was taught by brain near studied cells and old river a letter from".split()
SHAPES = [
    "{} was the teacher of {}",
    "Who taught {}?",
    "In which year did {} move to {}, the place where {} worked?",
    "what is known of it all",
    "what do place cells say of {}, and who are the hebb cells",
    "Where does {}, which {} and {} saw, lie, and who else saw {}?",
    "{}",
    "Who studied the river that {} saw, and who wrote to {}?",
]


def sentence(chance: random.Random) -> str:
    words = chance.choices(WORDS, k=chance.randint(3, 7))
    for name in chance.sample(NAMES, chance.randint(1, 3)):
        words.insert(chance.randrange(len(words) + 1), name)
    return " ".join(["So", *words]) + "."


def corpus(chance: random.Random, size: int) -> list[Note]:
    """Different notes; each note's extractor sees some of all names."""
    notes = {
        Note(
            title=chance.choice(TITLES),
            text=" ".join(sentence(chance) for _ in range(chance.randint(1, 4))),
            names=tuple(chance.sample(NAMES, 2)),
        )
        for _ in range(size)
    }
    return sorted(notes, key=lambda note: (note.title, note.text))


def agree(
    notes: Sequence[Note], constants: WalkConstants, questions: Sequence[str], *, cased: bool
) -> None:
    embedder = HashEmbedder(48)
    snapshot = snapshot_of(notes, embedder)
    assert snapshot.cased is cased
    walk = ConditionedWalk(snapshot, constants)
    reference = ReferenceWalk(notes, embedder, constants, cased=cased)
    for question in questions:
        vectors = embedder.embed([text for text, _ in walk.texts(question)], "query")
        ranking = walk.rank(question, vectors, len(notes))
        expected, base = reference.scores(question)
        found = dict(zip(ranking.passages.tolist(), ranking.scores.tolist(), strict=True))
        assert found == pytest.approx(expected, abs=2e-5), question
        assert np.all(np.diff(ranking.scores) <= 1e-4)
        unreached = [base[p] for p in ranking.passages.tolist() if found[p] == 0]
        assert unreached == pytest.approx(sorted(unreached, reverse=True), abs=1e-5)


@pytest.mark.parametrize(
    "constants",
    [
        WalkConstants(),
        WalkConstants(pool=4, postings=3),
        WalkConstants(postings=1, temperature=0.2, mass_exponent=1.0, step_weight=0.3),
    ],
    ids=["usual", "narrow", "unusual"],
)
@pytest.mark.parametrize("seed", range(8))
def test_the_walk_agrees_with_the_reference(seed: int, constants: WalkConstants) -> None:
    chance = random.Random(seed)
    notes = corpus(chance, chance.choice([2, 5, 12, 30]))
    questions = [shape.format(*chance.choices(NAMES, k=4)) for shape in SHAPES]
    agree(notes, constants, questions, cased=True)


@pytest.mark.parametrize("seed", range(4))
def test_they_agree_on_text_without_capitals(seed: int) -> None:
    chance = random.Random(seed)
    notes = [
        Note(
            title=one.title.lower(),
            text=one.text.lower(),
            names=tuple(name.lower() for name in one.names),
        )
        for one in corpus(chance, 12)
    ]
    questions = [shape.format(*chance.choices(NAMES, k=4)).lower() for shape in SHAPES]
    agree(notes, WalkConstants(pool=5, postings=4), questions, cased=False)


@pytest.mark.parametrize("seed", range(4))
def test_they_agree_on_questions_in_lower_case_where_names_are_words_too(seed: int) -> None:
    chance = random.Random(seed)
    notes = [
        replace(one, text=chance.choice([one.text, one.text.lower()])) for one in corpus(chance, 14)
    ]
    questions = [shape.format(*chance.choices(NAMES, k=4)).lower() for shape in SHAPES]
    agree(notes, WalkConstants(), questions, cased=True)


@pytest.mark.parametrize("seed", range(3))
def test_they_agree_where_one_name_is_everywhere(seed: int) -> None:
    chance = random.Random(seed)
    notes = [
        replace(one, text=one.text + " The files of Lakeside.", names=(*one.names, "Lakeside"))
        for one in corpus(chance, 24)
    ]
    questions = ["Who does Lakeside say taught cells?", "What does Lakeside keep of Hebb?"]
    agree(notes, WalkConstants(), questions, cased=True)


@pytest.mark.parametrize("size", [1, 2])
def test_they_agree_on_the_smallest_corpora(size: int) -> None:
    notes = corpus(random.Random(size), size)
    agree(notes, WalkConstants(), ["Who taught Milner?", "Hebb"], cased=True)


def test_they_agree_on_chinese() -> None:
    notes = [
        Note(title="李明", text="李明在北京大学教书。他教过王芳。", names=("北京大学", "王芳")),
        Note(title="王芳", text="王芳生于上海。她写过《红》。", names=("上海", "红")),
        Note(title="北京", text="北京是一座大城市。北京大学在那里。", names=("北京大学",)),
        Note(text="《红》写的是上海。很多人读过它。", names=("上海", "红")),
    ]
    questions = ["李明教过的人生于哪里？", "谁写过《红》，她在哪里读书？", "上海"]
    agree(notes, WalkConstants(), questions, cased=False)
