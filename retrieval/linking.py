"""Linking names and facts to the graph's entities, for the modes that walk over entities."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from kg.snapshot import Snapshot
from kg.snapshot.tables import Adjacency, Float32Array, Int32Array
from retrieval.results import UsedEntity, UsedFact


def passages_of_entities(adjacency: Adjacency, entities: int) -> Int32Array:
    """Number of passages that each entity has an edge to: (E,) int32.

    An entity that no triple names has none: in HippoRAG's graph it is an isolated node.
    """
    ends = adjacency.indptr[: entities + 1]
    passages = adjacency.indices[: ends[-1]] >= entities
    before = np.concatenate(([0], np.cumsum(passages)))
    return (before[ends[1:]] - before[ends[:-1]]).astype(np.int32)


def nearest_entities(
    vectors: Float32Array, names: Float32Array, allowed: npt.NDArray[np.bool_]
) -> Int32Array:
    """The allowed entity with the highest cosine to each name; of equal ones, the lowest number.
    `vectors` (E, d), `names` (n, d), `allowed` (E,) with at least one True -> (n,) int32.
    """
    cosines: Float32Array = names @ vectors.T
    cosines[:, ~allowed] = -np.inf
    nearest: Int32Array = np.argmax(cosines, axis=1).astype(np.int32)
    return nearest


def used_fact(snapshot: Snapshot, fact: int, score: float) -> UsedFact:
    """A fact, given by its number, for display."""
    facts, surface = snapshot.facts, snapshot.entities.surface
    return UsedFact(
        subject=surface[int(facts.subject[fact])],
        relation=facts.relation[fact],
        object=surface[int(facts.object[fact])],
        score=score,
        passage_ids=tuple(snapshot.passages.id[int(row)] for row in facts.passages.row(fact)),
    )


def used_entities(
    snapshot: Snapshot, role: str, shares: Iterable[tuple[int, float]]
) -> tuple[UsedEntity, ...]:
    """Entities by number with their share of the walk's start, heaviest first."""
    return tuple(
        UsedEntity(name=snapshot.entities.surface[entity], role=role, weight=share)
        for entity, share in sorted(shares, key=lambda pair: (-pair[1], pair[0]))
    )
