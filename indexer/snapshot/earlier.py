"""What a build may take over from an earlier one."""

import numpy as np

from indexer.snapshot.rules import rules
from inference.embedder import Embedder
from kg.snapshot import Quantised, Ragged, Snapshot, Strings
from kg.snapshot.tables import (
    Adjacency,
    Documents,
    Entities,
    Facts,
    Gazetteer,
    Pairs,
    Passages,
    Sentences,
    Synonyms,
)


def usable(snapshot: Snapshot | None, collection: str, embedder: Embedder) -> Snapshot:
    """The snapshot, if it is of the same collection and was made with the same embedder and by the
    same rules; else one with nothing in it."""
    here = (collection, embedder.model_id, rules())
    if snapshot and rules() and (snapshot.collection, snapshot.embedder, snapshot.rules) == here:
        return snapshot
    return nothing()


def nothing() -> Snapshot:
    """A snapshot of an empty collection."""
    texts, rows = Strings.of([]), Ragged.from_rows([])
    ints, longs = np.zeros(0, dtype=np.int32), np.zeros(1, dtype=np.int64)
    floats, bools = np.zeros(0, dtype=np.float32), np.zeros(0, dtype=np.bool_)
    vectors = np.zeros((0, 1), dtype=np.float32)
    return Snapshot(
        collection="",
        revision=0,
        embedder="",
        cased=True,
        documents=_no_documents(),
        passages=Passages(
            id=texts, title=texts, heading=texts, text=texts, vectors=vectors, documents=rows
        ),
        sentences=Sentences(
            passage=ints,
            indptr=longs,
            start=ints,
            end=ints,
            vectors=Quantised.of(vectors),
        ),
        entities=Entities(
            id=texts, name=texts, surface=texts, type=texts, vectors=vectors, passages=rows
        ),
        facts=Facts(
            id=texts, relation=texts, subject=ints, object=ints, vectors=vectors, passages=rows
        ),
        synonyms=Synonyms(source=ints, target=ints, score=floats),
        adjacency=Adjacency(indptr=longs, indices=ints, weights=floats),
        gazetteer=Gazetteer(
            key=np.zeros(0, dtype=np.uint64),
            surface=texts,
            entries=rows,
            label=texts,
            entity=ints,
            titled=rows,
        ),
        pairs=Pairs(
            indptr=longs,
            entry=ints,
            passage=ints,
            is_title=bools,
            weak=bools,
            sentences=rows,
            by_passage=rows,
        ),
    )


def _no_documents() -> Documents:
    texts, ints = Strings.of([]), np.zeros(0, dtype=np.int32)
    return Documents(
        id=texts,
        source=texts,
        title=texts,
        metadata=texts,
        observed_at=texts,
        passages=Ragged.from_rows([]),
        start=ints,
        end=ints,
        page=ints,
    )
