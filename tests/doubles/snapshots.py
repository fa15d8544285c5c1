"""Small snapshots made by hand, for tests of retrieval."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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

Vector = Sequence[float]


@dataclass(frozen=True, kw_only=True)
class APassage:
    """A passage, alone in a document of its own unless `documents` says otherwise."""

    title: str = ""
    text: str = ""
    heading: str = ""
    vector: Vector = (1.0, 0.0)


@dataclass(frozen=True, kw_only=True)
class AFact:
    """A fact between two entities, by their numbers, and the passages that state it."""

    subject: int
    object: int
    relation: str = "knows"
    passages: Sequence[int] = (0,)
    vector: Vector = (1.0, 0.0)


@dataclass(frozen=True, kw_only=True)
class AnEntity:
    """An entity; `mentioned` are passages that name it without stating a fact about it."""

    name: str
    surface: str = ""
    vector: Vector = (1.0, 0.0)
    mentioned: Sequence[int] = ()


@dataclass(frozen=True, kw_only=True)
class ADocument:
    """A document; `passages` are (passage, start, end, page) with page 0 for none."""

    source: str
    passages: Sequence[tuple[int, int, int, int]]
    title: str = ""
    metadata: str = "{}"
    observed_at: str = ""


@dataclass(frozen=True, kw_only=True)
class Handmade:
    """What a snapshot is made from; every vector must have the same length."""

    passages: Sequence[APassage] = ()
    entities: Sequence[AnEntity] = ()
    facts: Sequence[AFact] = ()
    synonyms: Sequence[tuple[int, int, float]] = ()
    """(source, target, score), each of them an edge."""
    documents: Sequence[ADocument] | None = None
    collection: str = "handmade"
    revision: int = 1
    embedder: str = "handmade"
    dimension: int = 2

    def snapshot(self) -> Snapshot:
        """The tables: one sentence for each passage, nothing in the gazetteer."""
        return Snapshot(
            collection=self.collection,
            revision=self.revision,
            embedder=self.embedder,
            cased=True,
            documents=_documents(self._documents()),
            passages=self._passages(),
            sentences=self._sentences(),
            entities=self._entities(),
            facts=self._facts(),
            synonyms=Synonyms(
                source=np.array([source for source, _, _ in self.synonyms], dtype=np.int32),
                target=np.array([target for _, target, _ in self.synonyms], dtype=np.int32),
                score=np.array([score for _, _, score in self.synonyms], dtype=np.float32),
            ),
            adjacency=self._adjacency(),
            gazetteer=Gazetteer(
                key=np.zeros(0, dtype=np.uint64),
                surface=Strings.of([]),
                entries=Ragged.from_rows([]),
                label=Strings.of([]),
                entity=np.zeros(0, dtype=np.int32),
                titled=Ragged.from_rows([]),
            ),
            pairs=Pairs(
                indptr=np.zeros(1, dtype=np.int64),
                entry=np.zeros(0, dtype=np.int32),
                passage=np.zeros(0, dtype=np.int32),
                is_title=np.zeros(0, dtype=np.bool_),
                weak=np.zeros(0, dtype=np.bool_),
                sentences=Ragged.from_rows([]),
                by_passage=Ragged.from_rows([[] for _ in self.passages]),
            ),
        )

    def _documents(self) -> Sequence[ADocument]:
        if self.documents is not None:
            return self.documents
        return [
            ADocument(
                source=f"source-{number}",
                title=passage.title,
                passages=[(number, 0, len(passage.text), 0)],
            )
            for number, passage in enumerate(self.passages)
        ]

    def _passages(self) -> Passages:
        standing = [
            [
                number
                for number, document in enumerate(self._documents())
                if any(place[0] == passage for place in document.passages)
            ]
            for passage in range(len(self.passages))
        ]
        return Passages(
            id=Strings.of(f"psg-{number}" for number in range(len(self.passages))),
            title=Strings.of(passage.title for passage in self.passages),
            heading=Strings.of(passage.heading for passage in self.passages),
            text=Strings.of(passage.text for passage in self.passages),
            vectors=self._vectors([passage.vector for passage in self.passages]),
            documents=Ragged.from_rows(standing),
        )

    def _sentences(self) -> Sentences:
        count = len(self.passages)
        return Sentences(
            passage=np.arange(count, dtype=np.int32),
            indptr=np.arange(count + 1, dtype=np.int64),
            start=np.zeros(count, dtype=np.int32),
            end=np.array([len(passage.text) for passage in self.passages], dtype=np.int32),
            vectors=Quantised.of(self._vectors([passage.vector for passage in self.passages])),
        )

    def _entities(self) -> Entities:
        passages = [
            sorted({*entity.mentioned, *self._stating().get(number, ())})
            for number, entity in enumerate(self.entities)
        ]
        return Entities(
            id=Strings.of(f"ent-{number}" for number in range(len(self.entities))),
            name=Strings.of(entity.name for entity in self.entities),
            surface=Strings.of(entity.surface or entity.name for entity in self.entities),
            type=Strings.of("" for _ in self.entities),
            vectors=self._vectors([entity.vector for entity in self.entities]),
            passages=Ragged.from_rows(passages),
        )

    def _facts(self) -> Facts:
        return Facts(
            id=Strings.of(f"fct-{number}" for number in range(len(self.facts))),
            relation=Strings.of(fact.relation for fact in self.facts),
            subject=np.array([fact.subject for fact in self.facts], dtype=np.int32),
            object=np.array([fact.object for fact in self.facts], dtype=np.int32),
            vectors=self._vectors([fact.vector for fact in self.facts]),
            passages=Ragged.from_rows([sorted(fact.passages) for fact in self.facts]),
        )

    def _adjacency(self) -> Adjacency:
        """Two between the ends of a fact for each passage, one from each end to the passage."""
        count = len(self.entities)
        edges: dict[tuple[int, int], float] = {}
        for fact in self.facts:
            if fact.subject != fact.object:
                ends = (min(fact.subject, fact.object), max(fact.subject, fact.object))
                edges[ends] = edges.get(ends, 0.0) + 2.0 * len(fact.passages)
        for entity, passages in self._stating().items():
            edges.update({(entity, count + passage): 1.0 for passage in passages})
        for source, target, score in self.synonyms:
            edges[min(source, target), max(source, target)] = score
        nodes = count + len(self.passages)
        return adjacency_of(nodes, [(a, b, weight) for (a, b), weight in edges.items()])

    def _stating(self) -> Mapping[int, set[int]]:
        """Entity -> the passages that state a fact about it."""
        stating: dict[int, set[int]] = {}
        for fact in self.facts:
            for entity in (fact.subject, fact.object):
                stating.setdefault(entity, set()).update(fact.passages)
        return stating

    def _vectors(self, rows: Sequence[Vector]) -> npt.NDArray[np.float32]:
        return np.array(rows, dtype=np.float32).reshape(len(rows), self.dimension)


def adjacency_of(nodes: int, edges: Sequence[tuple[int, int, float]]) -> Adjacency:
    """The symmetric CSR of distinct edges (end, end, weight); a loop stands in its row once."""
    rows: list[dict[int, float]] = [{} for _ in range(nodes)]
    for one, other, weight in edges:
        rows[one][other] = weight
        rows[other][one] = weight
    items = [sorted(row.items()) for row in rows]
    ragged = Ragged.from_rows([[node for node, _ in row] for row in items])
    return Adjacency(
        indptr=ragged.indptr,
        indices=ragged.items,
        weights=np.array([weight for row in items for _, weight in row], dtype=np.float32),
    )


def _documents(documents: Sequence[ADocument]) -> Documents:
    places = [place for document in documents for place in document.passages]
    return Documents(
        id=Strings.of(f"doc-{number}" for number in range(len(documents))),
        source=Strings.of(document.source for document in documents),
        title=Strings.of(document.title for document in documents),
        metadata=Strings.of(document.metadata for document in documents),
        observed_at=Strings.of(document.observed_at for document in documents),
        passages=Ragged.from_rows(
            [[place[0] for place in document.passages] for document in documents]
        ),
        start=np.array([place[1] for place in places], dtype=np.int32),
        end=np.array([place[2] for place in places], dtype=np.int32),
        page=np.array([place[3] for place in places], dtype=np.int32),
    )
