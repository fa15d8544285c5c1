"""Looking at passages: how similar they are to a question, and their base scores."""

from typing import TypeAlias

from kg.snapshot.tables import Float32Array, Int32Array, Int64Array
from retrieval.loops.compiled import compiled
from retrieval.loops.products import Vectors, Wanted, looked_at
from retrieval.loops.sets import seen_too
from retrieval.loops.shared import Linked, Words, add_words, base_scores

Sight: TypeAlias = tuple[Vectors, Wanted, float, Words, Linked]
"""All that tells how a passage looks to a question; the number is what all words are worth."""

Seen: TypeAlias = tuple[
    Int32Array, Int32Array, Float32Array, Int64Array, Float32Array, Float32Array, Float32Array
]
"""Of the m passages that were looked at: their table (`sets`); themselves; their similarities to
the views (v, m); what takes the number of a sentence of each to its place in the next, all their
sentences' products with the aim; the bonuses of each link (links, m); and their base scores."""


@compiled()
def look_at(passages: Int32Array, sight: Sight, seen: Seen) -> tuple[Int32Array, Seen]:
    """The place of each of these passages among what was seen; and that, with those behind it that
    were not there."""
    vectors, wanted, worth, words, linked = sight
    table, known, views, shift, relevance, bonuses, score = seen
    new, both, larger, places = seen_too(table, known, passages)
    if len(new):
        before = views, shift, relevance
        views, shift, relevance = looked_at(new, vectors, wanted, before)
        add_words(new, views, worth, words, len(score))
        bonuses, score = base_scores(new, views, linked, bonuses, score)
        table, known = larger, both
    return places, (table, known, views, shift, relevance, bonuses, score)
