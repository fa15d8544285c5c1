"""The names of a question: which passages mention them, and what that is worth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kg.snapshot.tables import Bools, Floats, Ints
from retrieval.question import Link
from retrieval.walk.constants import WalkConstants
from retrieval.walk.loops import distinct
from retrieval.walk.postings import Postings


@dataclass(frozen=True, kw_only=True, slots=True)
class Meaning:
    """One entry that a name may mean."""

    passages: Ints
    """The passages that mention it, ascending."""
    is_title: Bools
    """Whether it is the title of each."""
    own: float
    """What its own passages get."""
    other: float
    """What the others get."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkBonus:
    """What one name of the question adds to the passages that mention it."""

    link: Link
    entries: tuple[int, ...]
    meanings: tuple[Meaning, ...]

    def at(self, passages: Ints) -> Floats:
        """What each of `passages` gets: the best of what its entries give, 0 from none of them."""
        best = np.zeros(len(passages), dtype=np.float32)
        for meaning in self.meanings:
            known = meaning.passages
            row = np.minimum(np.searchsorted(known, passages), len(known) - 1)
            given = np.where(meaning.is_title[row], meaning.own, meaning.other)
            np.maximum(best, np.where(known[row] == passages, given, 0.0), out=best)
        return best

    @property
    def largest(self) -> float:
        """The most that it gives; 0 if no passage mentions it."""
        given = ((m.own if m.is_title.any() else m.other) for m in self.meanings)
        return max(given, default=0.0)

    def passages(self, among: Ints, most: int) -> Ints:
        """The passages that mention it, ascending. Of an entry that more than `most` mention, those
        that it is the title of or that are `among` others, ascending."""
        found = [among[:0]]
        for meaning in self.meanings:
            few = meaning.passages
            if len(few) > most:
                few = np.union1d(few[meaning.is_title], np.intersect1d(few, among))
            found.append(few)
        return distinct(found)


def link_bonus(
    link: Link, entries: Sequence[int], postings: Postings, constants: WalkConstants
) -> LinkBonus:
    """0.1 idf for each passage that mentions the name; 0.2 for its own, 0.2/df for the others."""
    pairs = postings.pairs
    numbers = np.array(entries, dtype=np.int32)
    ambiguous = constants.ambiguous if len(entries) > 1 else 1.0
    meanings = []
    for entry, df, rare in zip(
        entries, postings.df(numbers).tolist(), postings.idf(numbers).tolist(), strict=True
    ):
        if df:
            rows = slice(int(pairs.indptr[entry]), int(pairs.indptr[entry]) + df)
            meanings.append(
                Meaning(
                    passages=pairs.passage[rows],
                    is_title=pairs.is_title[rows],
                    own=constants.idf_bonus * rare + constants.title_bonus * ambiguous,
                    other=constants.idf_bonus * rare + constants.title_bonus / df,
                )
            )
    return LinkBonus(link=link, entries=tuple(entries), meanings=tuple(meanings))
