"""Corpora of notes by chance, in which a few names are mentioned everywhere."""

import random

from tests.doubles.corpus import Note

NAMES = ("Hebb", "Donald Hebb", "Milner", "New York", "York", "Москва", "McGill", "1953", "Octopus")
TITLES = ("", "", "Donald Hebb", "York (city)", "York (duke)", "The Octopus", "Milner")
QUESTIONS = (
    "Who taught {}?",
    "In which year did {} move to {}, the place where {} worked?",
    "what is known of it all",
    "Where does {}, which {} and {} saw, lie, and who else saw {}?",
)
_WORDS = "the of memory was taught by brain near studied cells and old river a letter from".split()


def notes_by_chance(chance: random.Random, size: int, *, titled: bool = True) -> list[Note]:
    """At most `size` different notes; every name is known to every note's extractor."""
    notes = {
        Note(
            title=chance.choice(TITLES) if titled else "",
            text=" ".join(_sentence(chance) for _ in range(chance.randint(1, 4))),
            names=NAMES,
        )
        for _ in range(size)
    }
    return sorted(notes, key=lambda note: (note.title, note.text))


def questions_by_chance(chance: random.Random) -> list[str]:
    """One of each shape."""
    return [shape.format(*chance.choices(NAMES, k=4)) for shape in QUESTIONS]


def _sentence(chance: random.Random) -> str:
    words = chance.choices(_WORDS, k=chance.randint(3, 7))
    for name in chance.sample(NAMES, chance.randint(1, 3)):
        words.insert(chance.randrange(len(words) + 1), name)
    return " ".join(["So", *words]) + "."
