"""The base score: how well each passage fits the question by itself."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kg.snapshot import Snapshot
from kg.snapshot.tables import Floats
from retrieval.gazetteer import GazetteerLookup
from retrieval.question import Link, Question
from retrieval.walk.constants import WalkConstants
from retrieval.walk.top import top


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkBonus:
    """What one name of the question adds to the passages that mention it."""

    link: Link
    entries: tuple[int, ...]
    passages: npt.NDArray[np.int32]
    """The passages that mention it, ascending."""
    bonus: Floats
    """What each of them gets."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Base:
    """Scores of all P passages for one question."""

    views: Floats
    """(1 + clauses, P): similarity to the question and to each clause."""
    score: Floats
    """(P,): the best of the views, and the bonuses of all links."""
    links: tuple[LinkBonus, ...]
    bonus: Floats
    """(P,): the bonuses of all links."""

    def refresh(self, passages: npt.NDArray[np.int32]) -> None:
        """Score these passages anew, after their views became sharper."""
        self.score[passages] = self.views[:, passages].max(axis=0) + self.bonus[passages]

    def candidates(self, count: int) -> npt.NDArray[np.int32]:
        """The passages among which every source finds its best: the `count` best by score, by each
        view, and of each link."""
        best = [top(self.score, count), *(top(view, count) for view in self.views)]
        linked = [link.passages[top(self.score[link.passages], count)] for link in self.links]
        return np.unique(np.concatenate([*best, *linked]))


def base_scores(
    question: Question,
    views: Floats,
    snapshot: Snapshot,
    lookup: GazetteerLookup,
    idf: Floats,
    constants: WalkConstants,
) -> Base:
    """Score all passages; `views` as in `Base`, `idf` per entry (N,)."""
    links = tuple(
        _link_bonus(link, lookup.entries(link.surface), snapshot, idf, constants)
        for link in question.links
    )
    bonus = np.zeros(views.shape[1], dtype=np.float32)
    for link in links:
        bonus[link.passages] += link.bonus
    return Base(views=views, score=views.max(axis=0) + bonus, links=links, bonus=bonus)


def _link_bonus(
    link: Link,
    entries: Sequence[int],
    snapshot: Snapshot,
    idf: Floats,
    constants: WalkConstants,
) -> LinkBonus:
    """0.1 idf for each passage that mentions the name; 0.2 for its own, 0.2/df for the others.

    Where the name may mean several entries, a passage gets the best of what they give.
    """
    pairs = snapshot.pairs
    own = constants.title_bonus * (constants.ambiguous if len(entries) > 1 else 1.0)
    passages, bonuses = [], []
    for entry in entries:
        rows = slice(pairs.indptr[entry], pairs.indptr[entry + 1])
        df = max(rows.stop - rows.start, 1)
        passages.append(pairs.passage[rows])
        bonuses.append(
            constants.idf_bonus * idf[entry]
            + np.where(pairs.is_title[rows], own, constants.title_bonus / df)
        )
    all_passages = np.concatenate(passages)
    unique, inverse = np.unique(all_passages, return_inverse=True)
    best = np.zeros(len(unique), dtype=np.float32)
    np.maximum.at(best, inverse, np.concatenate(bonuses).astype(np.float32))
    return LinkBonus(link=link, entries=tuple(entries), passages=unique, bonus=best)
