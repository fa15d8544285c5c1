"""Passages as extractors read them: in ordinary letters and digits, as embedders do.

A parser takes a word in full-width or mathematical letters, or with a ligature, for an unknown one,
and finds neither names nor facts. Names come out in ordinary letters then; they were one name with
these anyway, since names are compared by their compatibility forms (`kg.names`). No extractor tells
where in a passage it found a name, so no offsets are moved.
"""

from dataclasses import replace

from inference.folding import folded
from kg.records import Passage


def in_ordinary_letters(passage: Passage) -> Passage:
    """The passage, of the same id, with its texts folded (see `inference.folding`); the same object
    if that changes nothing."""
    title, heading, text = folded(passage.title), folded(passage.heading), folded(passage.text)
    if (title, heading, text) == (passage.title, passage.heading, passage.text):
        return passage
    return replace(passage, title=title, heading=heading, text=text)
