"""Synonym links: for each entity the nearest others by the embeddings of their names.

As published for HippoRAG 2: cosine of at least 0.8, at most 100 neighbours. Only entities that are
not linked yet are looked up, and what they change in the lists of others is mended, so that the
links do not depend on the order in which entities came. Memory grows with the number of entities
and not with that of their pairs, although thousands of dates or numbers may all be near each other.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from indexer.progress import ReportProgress, StepProgress, ignore_progress
from inference.embedder import Embedder, Vectors
from kg.records import Synonym
from kg.store import GraphReader, GraphStore
from kg.vectors import FaissFlat

Rows: TypeAlias = npt.NDArray[np.int64]
Cosines: TypeAlias = npt.NDArray[np.float64]

THRESHOLD = 0.8
MOST = 100
MIN_LETTERS = 3
"""Shorter names ('mr', '7') resemble everything; CJK characters count as two."""

_SLACK = 1e-4
"""FAISS's products differ in the last digits with the batch; candidates are computed anew."""
_BATCH = 1024
_LEAST_BATCH = 512
"""FAISS's range search of fewer queries at once takes five times as long for each of them."""
_PAIRS_AT_ONCE = 16_000_000
"""Bounds the memory of a batch where all names are near each other."""
_VECTORS_AT_ONCE = 8192


class _Lists:
    """Each entity's nearest others, all by row; rows are in order of id."""

    def __init__(self, entities: int) -> None:
        self._near: dict[int, dict[int, float]] = defaultdict(dict)
        self.least = np.zeros(entities)
        """(E,): what a cosine must reach to be among the best; 0 where it is not known."""

    def add(self, row: int, other: int, cosine: float) -> None:
        near = self._near[row]
        near[other] = cosine
        if len(near) >= 2 * MOST:
            self._near[row] = dict(self.best(row))

    def best(self, row: int) -> list[tuple[int, float]]:
        """The nearest, of equal ones those of the least ids; all others are out from now on."""
        near = sorted(self._near[row].items(), key=lambda item: (-item[1], item[0]))[:MOST]
        if len(near) == MOST:
            self.least[row] = near[-1][1]
        return near


def link_synonyms(
    store: GraphStore,
    collection: str,
    embedder: Embedder,
    progress: ReportProgress = ignore_progress,
) -> int:
    """Link what is not linked; return the number of entities that were. Raises: ModelError."""
    with store.read(collection) as reader:
        unlinked = set(reader.unlinked())
        if not unlinked:
            return 0
        entities = list(reader.entities())
        ids = [entity.id for entity in entities]
        lists = _linked_already(reader, ids, unlinked)
    vectors = embedder.embed([entity.name for entity in entities], "entity")
    worthy = np.array([_letters(entity.name) >= MIN_LETTERS for entity in entities])
    fresh = np.array([key in unlinked for key in ids])
    touched = set(np.flatnonzero(fresh).tolist())
    done = int(np.count_nonzero(fresh & ~worthy))
    for source, others, cosines in _near(vectors, worthy, fresh, lists.least):
        for other, cosine in zip(others.tolist(), cosines.tolist(), strict=True):
            lists.add(source, other, cosine)
            if not fresh[other]:  # a fresh one finds all of its own
                lists.add(other, source, cosine)
                touched.add(other)
        done += 1
        if done % _BATCH == 0:
            progress(StepProgress(step="synonyms", done=done, total=len(unlinked)))
    links = [
        Synonym(source_id=ids[row], target_id=ids[other], score=cosine)
        for row in sorted(touched)
        for other, cosine in sorted(lists.best(row))
    ]
    store.replace_synonyms(collection, [ids[row] for row in sorted(touched)], links)
    progress(StepProgress(step="synonyms", done=len(unlinked), total=len(unlinked)))
    return len(unlinked)


def _linked_already(reader: GraphReader, ids: list[str], unlinked: set[str]) -> _Lists:
    lists, row_of = _Lists(len(ids)), {key: row for row, key in enumerate(ids)}
    for link in reader.synonyms():
        if link.source_id not in unlinked:
            lists.add(row_of[link.source_id], row_of[link.target_id], link.score)
    for row, key in enumerate(ids):
        if key not in unlinked:
            lists.best(row)
    return lists


def _near(
    vectors: Vectors, worthy: npt.NDArray[np.bool_], fresh: npt.NDArray[np.bool_], least: Cosines
) -> Iterator[tuple[int, Rows, Cosines]]:
    """Each fresh row with rows near it and their cosines: the `MOST` nearest are among them, and
    all old rows that it may be one of the nearest of (see `_Lists.least`)."""
    usable, rows = np.flatnonzero(worthy), np.flatnonzero(worthy & fresh)
    if not len(rows):
        return
    index = FaissFlat(vectors[usable])
    size = max(_LEAST_BATCH, min(_BATCH, _PAIRS_AT_ONCE // len(usable)))
    for start in range(0, len(rows), size):
        batch = rows[start : start + size]
        indptr, scores, found = index.range_search(vectors[batch], THRESHOLD - _SLACK)
        for place, source in enumerate(batch.tolist()):
            here = slice(indptr[place], indptr[place + 1])
            others, score = usable[found[here]], scores[here]
            other = others != source
            others, score = others[other], score[other]
            lowest = np.partition(score, -MOST)[-MOST] if len(score) > MOST else THRESHOLD
            chosen = (score >= lowest - _SLACK) | (
                ~fresh[others] & (score >= least[others] - _SLACK)
            )
            others = others[chosen]
            cosines = _cosines(vectors, source, others)
            kept = cosines >= THRESHOLD
            yield source, others[kept], cosines[kept]


def _cosines(vectors: Vectors, source: int, others: Rows) -> Cosines:
    """Of one row and each of the others, the same from either side: (n,), rounded."""
    one, found = vectors[source].astype(np.float64), np.empty(len(others))
    for start in range(0, len(others), _VECTORS_AT_ONCE):
        part = slice(start, start + _VECTORS_AT_ONCE)
        found[part] = np.einsum("ij,j->i", vectors[others[part]].astype(np.float64), one)
    return found.round(6)


def _letters(name: str) -> int:
    return sum(2 if "\u3040" <= char <= "\u9fff" else 1 for char in name if char.isalnum())
