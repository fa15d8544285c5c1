"""The names of a question: which passages mention them, and what that is worth."""

from collections.abc import Sequence

import numpy as np

from kg.snapshot.tables import Pairs
from retrieval.loops.shared import Linked
from retrieval.question import Link
from retrieval.record import record
from retrieval.walk.constants import WalkConstants
from retrieval.walk.postings import Postings, rarity


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


def linked(links: Sequence[LinkBonus], pairs: Pairs) -> Linked:
    """The meanings of a question's links as the loops take them."""
    meanings = [(row, one) for row, link in enumerate(links) for one in link.meanings]
    rows = [(row, one.first, one.end) for row, one in meanings]
    gives = [(one.own, one.other) for _, one in meanings]
    return (
        np.array(rows, dtype=np.int64).reshape(-1, 3),
        np.array(gives, dtype=np.float32).reshape(-1, 2),
        pairs.passage,
        pairs.is_title,
    )


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
        first, end = pairs.indptr.item(entry), pairs.indptr.item(entry + 1)
        df = end - first
        if df:
            having = max(df, common)
            rare = rarity(having, postings.passages)
            own = constants.idf_bonus * rare + constants.title_bonus * ambiguous
            other = constants.idf_bonus * rare + constants.title_bonus / having
            meanings.append(Meaning(first=first, end=end, own=own, other=other))
            titled = np.count_nonzero(pairs.is_title[first:end])  # any() takes twice as long
            largest = max(largest, own if titled else other)
    return LinkBonus(link=link, entries=tuple(entries), meanings=tuple(meanings), largest=largest)
