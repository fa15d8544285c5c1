"""Synonym links: for each entity the nearest others by the embeddings of their names.

As published for HippoRAG 2: cosine of at least 0.8, at most 100 neighbours. Only entities that are
not linked yet are looked up, and what they change in the lists of others is mended, so that the
links do not depend on the order in which entities came.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from indexer.progress import ReportProgress, StepProgress, ignore_progress
from inference.embedder import Embedder, Vectors
from kg.records import Synonym
from kg.store import GraphStore
from kg.vectors import FaissFlat, VectorIndex

Rows: TypeAlias = npt.NDArray[np.int64]

THRESHOLD = 0.8
MOST = 100
MIN_LETTERS = 3
"""Shorter names ('mr', '7') resemble everything; CJK characters count as two."""

_SLACK = 1e-4
"""FAISS's products differ in the last digits with the batch; candidates are computed anew."""
_BATCH = 1024


def link_synonyms(
    store: GraphStore,
    collection: str,
    embedder: Embedder,
    progress: ReportProgress = ignore_progress,
) -> int:
    """Link what is not linked; return the number of entities that were. Raises: ModelError."""
    with store.read(collection) as reader:
        fresh = set(reader.unlinked())
        if not fresh:
            return 0
        entities = list(reader.entities())
        lists: dict[str, dict[str, float]] = defaultdict(dict)
        for link in reader.synonyms():
            lists[link.source_id][link.target_id] = link.score
    ids = [entity.id for entity in entities]
    vectors = embedder.embed([entity.name for entity in entities], "entity")
    worthy = np.array([_letters(entity.name) >= MIN_LETTERS for entity in entities])
    rows = np.array([row for row, key in enumerate(ids) if key in fresh], dtype=np.int64)
    touched = set(fresh)
    for key in fresh:
        lists[key] = {}
    usable = np.flatnonzero(worthy)
    index = FaissFlat(vectors[usable]) if len(usable) else None
    for start in range(0, len(rows), _BATCH):
        batch = rows[start : start + _BATCH]
        batch = batch[worthy[batch]]
        for source, target, score in _near(vectors, index, usable, batch) if index else ():
            lists[ids[source]][ids[target]] = score
            lists[ids[target]][ids[source]] = score
            touched.add(ids[target])
        done = min(start + _BATCH, len(rows))
        progress(StepProgress(step="synonyms", done=done, total=len(rows)))
    ordered = sorted(touched)
    store.replace_synonyms(collection, ordered, _best(ordered, lists))
    return len(fresh)


def _near(
    vectors: Vectors, index: VectorIndex, usable: Rows, batch: Rows
) -> list[tuple[int, int, float]]:
    """(row of the batch, other row, cosine) for all pairs above the threshold; `usable` are the
    rows that the index holds."""
    indptr, _, found = index.range_search(vectors[batch], THRESHOLD - _SLACK)
    source, target = np.repeat(batch, np.diff(indptr)), usable[found]
    left, right = np.minimum(source, target), np.maximum(source, target)
    cosine = np.einsum(
        "ij,ij->i", vectors[left].astype(np.float64), vectors[right].astype(np.float64)
    ).round(6)
    kept = (cosine >= THRESHOLD) & (source != target)
    return list(
        zip(source[kept].tolist(), target[kept].tolist(), cosine[kept].tolist(), strict=True)
    )


def _best(sources: Sequence[str], lists: dict[str, dict[str, float]]) -> list[Synonym]:
    return [
        Synonym(source_id=source, target_id=target, score=score)
        for source in sources
        for target, score in sorted(
            sorted(lists[source].items(), key=lambda item: (-item[1], item[0]))[:MOST]
        )
    ]


def _letters(name: str) -> int:
    return sum(2 if "\u3040" <= char <= "\u9fff" else 1 for char in name if char.isalnum())
