"""The names of a question: which passages mention them, and what that is worth."""

from collections.abc import Sequence

import numpy as np

from kg.snapshot.tables import Float32Array, Int32Array, Int64Array, Pairs
from retrieval.loops.sets import distinct
from retrieval.loops.shared import Linked, Words, base_scores
from retrieval.question import Link
from retrieval.record import record
from retrieval.walk.constants import WalkConstants
from retrieval.walk.postings import Postings, rarity

_NO_SCORES: Float32Array = np.zeros(0, dtype=np.float32)
_NONE: Int64Array = np.zeros(0, dtype=np.int64)
NO_WORDS: Words = np.zeros((0, 0), dtype=np.float32), _NONE, _NONE, np.zeros(0, dtype=np.int32)


@record
class Meaning:
    """One entry that a name may mean."""

    first: int
    """Its pairs are rows first:end of the snapshot's; one at least."""
    end: int
    own: float
    """Bonus of its own passages, those whose title it is."""
    other: float
    """Bonus of the other passages that mention it."""


@record
class LinkBonus:
    """What one name of the question adds to the passages that mention it."""

    link: Link
    entries: tuple[int, ...]
    meanings: tuple[Meaning, ...]
    largest: float
    """The largest bonus that it gives; 0 if no passage mentions it."""


class Bonuses:
    """What all names of one question add."""

    def __init__(self, links: Sequence[LinkBonus], pairs: Pairs) -> None:
        self.links = tuple(links)
        self._passage, self._is_title = pairs.passage, pairs.is_title
        meanings = [(row, one) for row, link in enumerate(links) for one in link.meanings]
        self.linked: Linked = (
            np.array([row for row, _ in meanings], dtype=np.int32),
            np.array([one.first for _, one in meanings], dtype=np.int64),
            np.array([one.end for _, one in meanings], dtype=np.int64),
            np.array([one.own for _, one in meanings], dtype=np.float32),
            np.array([one.other for _, one in meanings], dtype=np.float32),
            pairs.passage,
            pairs.is_title,
        )

    def scores(self, passages: Int32Array, views: Float32Array) -> Float32Array:
        """(n,): of n ascending passages with these similarities (v, n), the best of them, and what
        all links add: each the best of what its entries give."""
        nothing = np.zeros((len(self.links), 0), np.float32)
        return base_scores(passages, views, 0.0, NO_WORDS, self.linked, nothing, _NO_SCORES)[1]

    def passages(self, link: LinkBonus, among: Int32Array, most: int) -> Int32Array:
        """The passages that mention a link, ascending. Of an entry that more than `most` mention,
        those that it is the title of or that are `among` others, ascending."""
        found = [among[:0]]
        for meaning in link.meanings:
            few = self._passage[meaning.first : meaning.end]
            if len(few) > most:
                titled = self._is_title[meaning.first : meaning.end]
                few = np.union1d(few[titled], np.intersect1d(few, among))
            found.append(few)
        return found[1] if len(found) == 2 else distinct(found)


def link_bonus(
    link: Link,
    entries: Sequence[int],
    postings: Postings,
    constants: WalkConstants,
    common: int = 0,
) -> LinkBonus:
    """0.1 idf for each passage that mentions the name; 0.2 for its own, 0.2/df for the others.

    `common`: so many passages at least have what the question says, as a name or not. "stick" in a
    question in lower case is as rare as the word is, however seldom "Stick" is a name.
    """
    pairs = postings.pairs
    ambiguous = constants.ambiguous if len(entries) > 1 else 1.0
    meanings, largest = [], 0.0
    for entry in entries:
        first = int(pairs.indptr[entry])
        df = int(pairs.indptr[entry + 1]) - first
        if df:
            having = max(df, common)
            rare = rarity(having, postings.passages)
            own = constants.idf_bonus * rare + constants.title_bonus * ambiguous
            other = constants.idf_bonus * rare + constants.title_bonus / having
            meanings.append(Meaning(first=first, end=first + df, own=own, other=other))
            titled = bool(pairs.is_title[first : first + df].any())
            largest = max(largest, own if titled else other)
    return LinkBonus(link=link, entries=tuple(entries), meanings=tuple(meanings), largest=largest)
