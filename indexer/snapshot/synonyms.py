"""Synonym links: for each entity the nearest others by the embeddings of their names.

As published for HippoRAG 2: cosine of at least 0.8, at most 100 neighbours. Only entities that are
not linked yet are looked up, and what they change in the lists of others is mended, so that the
links do not depend on the order in which entities came. Memory grows with the number of entities
and not with that of their pairs, although thousands of dates or numbers may all be near each other.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from indexer.progress import ReportProgress, StepProgress, ignore_progress
from indexer.snapshot.earlier import usable
from indexer.snapshot.embedding import Embedding
from indexer.snapshot.merge import Merge
from indexer.snapshot.nearness import Cosines, Rows
from indexer.snapshot.shortlisted import pairs_on_any_device
from inference.embedder import Embedder
from kg.records import Synonym
from kg.snapshot import Snapshot
from kg.store import GraphReader, GraphStore

THRESHOLD = 0.8
MOST = 100
MIN_LETTERS = 3
"""Shorter names ('mr', '7') resemble everything; CJK characters count as two."""

_HELD = 1_000_000
"""Pairs that may pile up beyond twice the best before the others are dropped."""
_TOLD_EVERY = 4096
_PARTS = ("unlinked", "entities", "synonyms")
"""Of the graph, all that is read for this."""


class _Nearest:
    """The nearest others of each entity, all by row; rows are in order of id."""

    def __init__(self, entities: int) -> None:
        self.least: Cosines = np.zeros(entities)
        """(E,): what a cosine must reach to be among the best; 0 where it is not known."""
        none = np.zeros(0, dtype=np.int64)
        self._parts: list[tuple[Rows, Rows, Cosines]] = [(none, none, np.zeros(0))]
        self._held = self._kept = 0

    def add(self, sources: Rows, targets: Rows, cosines: Cosines) -> None:
        """Add links, each for the first time."""
        self._parts.append((sources, targets, cosines))
        self._held += len(sources)
        if self._held > 2 * self._kept + _HELD:
            self.best()

    def best(self) -> tuple[Rows, Rows, Cosines]:
        """Each source's nearest, of equal ones those of the least ids; by source and rank. All
        others are out from now on."""
        sources, targets, cosines = map(np.concatenate, zip(*self._parts, strict=True))
        order = np.lexsort((targets, -cosines, sources))
        sources, targets, cosines = sources[order], targets[order], cosines[order]
        rank = np.arange(len(sources)) - np.searchsorted(sources, sources)
        self.least[sources[rank == MOST - 1]] = cosines[rank == MOST - 1]
        kept = rank < MOST
        self._parts = [(sources[kept], targets[kept], cosines[kept])]
        self._held = self._kept = int(np.count_nonzero(kept))
        return self._parts[0]


def link_synonyms(
    store: GraphStore,
    collection: str,
    embedder: Embedder,
    progress: ReportProgress = ignore_progress,
    previous: Snapshot | None = None,
) -> int:
    """Link what is not linked; return the number of entities that were.

    Vectors of names that `previous` has are taken from it. Raises: ModelError.
    """
    with store.peek(collection) as glance:
        if not glance.unlinked():
            return 0
    with store.read(collection, _PARTS) as reader:
        unlinked = set(reader.unlinked())
        entities = list(reader.entities())
        ids = [entity.id for entity in entities]
        fresh = np.array([key in unlinked for key in ids])
        nearest = _linked_already(reader, ids, fresh)
    known = usable(previous, collection, embedder).entities
    vectors = Embedding(embedder, progress)(
        Merge.by_id(known.id, ids), known.vectors, lambda row: entities[row].name, "entity"
    )
    worthy = np.array([_letters(entity.name) >= MIN_LETTERS for entity in entities])
    searched, others = np.flatnonzero(worthy & fresh), np.flatnonzero(worthy & ~fresh)
    told = 0
    for done, one, other, cosines in pairs_on_any_device(
        vectors, searched, others, nearest.least, THRESHOLD, MOST
    ):
        nearest.add(np.concatenate([one, other]), np.concatenate([other, one]), np.tile(cosines, 2))
        if done >= told + _TOLD_EVERY:
            told = done
            progress(StepProgress(step="synonyms", done=done, total=len(unlinked)))
    sources, targets, scores = nearest.best()
    touched = fresh.copy()
    touched[sources[fresh[targets]]] = True
    changed = touched[sources]
    links = list(_links(ids, sources[changed], targets[changed], scores[changed]))
    # What was looked up last: if this ends halfway, enough of it is still unlinked, and all that it
    # changes in the lists of others is found again.
    rows = np.concatenate([np.flatnonzero(touched & ~fresh), np.flatnonzero(fresh)])
    store.replace_synonyms(collection, [ids[row] for row in rows], links)
    progress(StepProgress(step="synonyms", done=len(unlinked), total=len(unlinked)))
    return len(unlinked)


def _linked_already(
    reader: GraphReader, ids: Sequence[str], fresh: npt.NDArray[np.bool_]
) -> _Nearest:
    """The links that stay; those with what is looked up are found again."""
    nearest, row_of = _Nearest(len(ids)), {key: row for row, key in enumerate(ids)}
    links = [
        (row_of[link.source_id], row_of[link.target_id], link.score) for link in reader.synonyms()
    ]
    sources = np.array([link[0] for link in links], dtype=np.int64)
    targets = np.array([link[1] for link in links], dtype=np.int64)
    kept = ~fresh[sources] & ~fresh[targets]
    nearest.add(sources[kept], targets[kept], np.array([link[2] for link in links])[kept])
    nearest.best()
    return nearest


def _links(ids: Sequence[str], sources: Rows, targets: Rows, scores: Cosines) -> Iterator[Synonym]:
    """In order of source, then target."""
    order = np.lexsort((targets, sources))
    for row, other, score in zip(
        sources[order].tolist(), targets[order].tolist(), scores[order].tolist(), strict=True
    ):
        yield Synonym(source_id=ids[row], target_id=ids[other], score=score)


def _letters(name: str) -> int:
    if name[:MIN_LETTERS].isascii() and name[:MIN_LETTERS].isalnum():  # most names, at once
        return len(name[:MIN_LETTERS])
    return sum(2 if "\u3040" <= char <= "\u9fff" else 1 for char in name if char.isalnum())
