"""Building a snapshot: one revision of a graph, numbered, embedded, and laid out for the walk.

A pure function of the graph and the embedder: the same content gives the same bytes, in whatever
order and in however many parts it came in.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from indexer.adjacency import hipporag_adjacency
from indexer.gazetteer import (
    collect_names,
    corpus_has_case,
    find_pairs,
    gazetteer_table,
    is_name,
)
from indexer.progress import ReportProgress, StepProgress, ignore_progress
from indexer.sentences import sentence_spans
from inference.embedder import Embedder, Kind, Vectors
from kg.records import JSON, Entity, Passage
from kg.snapshot import Ragged, Snapshot, Strings
from kg.snapshot.tables import Documents, Entities, Facts, Passages, Sentences, Synonyms
from kg.store import GraphReader


def build_snapshot(
    reader: GraphReader, embedder: Embedder, progress: ReportProgress = ignore_progress
) -> Snapshot:
    """Lay out everything that `reader` sees. Raises: ModelError."""
    embed = _Embedding(embedder, progress)
    passages = list(reader.passages())
    entities = list(reader.entities())
    row_of_passage = {passage.id: row for row, passage in enumerate(passages)}
    row_of_entity = {entity.id: row for row, entity in enumerate(entities)}

    facts = _facts(reader, entities, row_of_entity, row_of_passage, embed)
    synonyms = _synonyms(reader, row_of_entity)
    spans = [sentence_spans(passage.text) for passage in passages]
    cased = corpus_has_case(passages)
    names = collect_names(passages, _names(reader), cased=cased)
    pairs = find_pairs(passages, spans, names, cased=cased)
    progress(StepProgress(step="gazetteer", done=len(passages), total=len(passages)))
    documents, citing = _documents(reader, row_of_passage)
    return Snapshot(
        collection=reader.collection.name,
        revision=reader.collection.revision,
        embedder=embedder.model_id,
        cased=cased,
        documents=documents,
        passages=Passages(
            id=Strings.of(passage.id for passage in passages),
            title=Strings.of(passage.title for passage in passages),
            heading=Strings.of(passage.heading for passage in passages),
            text=Strings.of(passage.text for passage in passages),
            vectors=embed([p.embedded_text for p in passages], "passage", "embed passages"),
            documents=citing,
        ),
        sentences=_sentences(passages, spans, embed),
        entities=_entities(reader, entities, row_of_entity, row_of_passage, embed),
        facts=facts,
        synonyms=synonyms,
        adjacency=hipporag_adjacency(facts, synonyms, len(entities), len(passages)),
        gazetteer=gazetteer_table(names, {entity.name: row for row, entity in enumerate(entities)}),
        pairs=pairs,
    )


class _Embedding:
    """An embedder that reports its progress."""

    def __init__(self, embedder: Embedder, progress: ReportProgress) -> None:
        self._embedder = embedder
        self._progress = progress

    def __call__(self, texts: Sequence[str], kind: Kind, step: str) -> Vectors:
        if not texts:
            return np.zeros((0, self._embedder.dimension), dtype=np.float32)
        done = 0

        def advance(count: int) -> None:
            nonlocal done
            done += count
            self._progress(StepProgress(step=step, done=done, total=len(texts)))

        return self._embedder.embed(texts, kind, advance)


def _names(reader: GraphReader) -> list[str]:
    """What extractors named, without what never bridges passages."""
    return sorted({m.surface for m in reader.mentions() if is_name(m.surface, m.type)})


def _sentences(
    passages: Sequence[Passage], spans: Sequence[Sequence[tuple[int, int]]], embed: _Embedding
) -> Sentences:
    indptr = np.zeros(len(passages) + 1, dtype=np.int64)
    np.cumsum([len(found) for found in spans], out=indptr[1:])
    texts = [
        f"{passage.title}: {passage.text[start:end]}" if passage.title else passage.text[start:end]
        for passage, found in zip(passages, spans, strict=True)
        for start, end in found
    ]
    edges = np.array([span for found in spans for span in found], dtype=np.int32).reshape(-1, 2)
    return Sentences(
        passage=np.repeat(np.arange(len(passages), dtype=np.int32), np.diff(indptr)),
        indptr=indptr,
        start=edges[:, 0].copy(),
        end=edges[:, 1].copy(),
        vectors=embed(texts, "sentence", "embed sentences").astype(np.float16),
    )


def _entities(
    reader: GraphReader,
    entities: Sequence[Entity],
    row_of_entity: dict[str, int],
    row_of_passage: dict[str, int],
    embed: _Embedding,
) -> Entities:
    mentions: list[list[int]] = [[] for _ in entities]
    for mention in reader.mentions():
        mentions[row_of_entity[mention.entity_id]].append(row_of_passage[mention.passage_id])
    return Entities(
        id=Strings.of(entity.id for entity in entities),
        name=Strings.of(entity.name for entity in entities),
        surface=Strings.of(entity.surface for entity in entities),
        type=Strings.of(entity.type for entity in entities),
        vectors=embed([entity.name for entity in entities], "entity", "embed entities"),
        passages=Ragged.from_rows([sorted(rows) for rows in mentions]),
    )


def _facts(
    reader: GraphReader,
    entities: Sequence[Entity],
    row_of_entity: dict[str, int],
    row_of_passage: dict[str, int],
    embed: _Embedding,
) -> Facts:
    facts = list(reader.facts())
    supports: dict[str, list[int]] = defaultdict(list)
    for support in reader.supports():
        supports[support.fact_id].append(row_of_passage[support.passage_id])
    subject = np.array([row_of_entity[fact.subject_id] for fact in facts], dtype=np.int32)
    object_ = np.array([row_of_entity[fact.object_id] for fact in facts], dtype=np.int32)
    texts = [
        f"{entities[s].name} {fact.relation} {entities[o].name}"
        for fact, s, o in zip(facts, subject, object_, strict=True)
    ]
    return Facts(
        id=Strings.of(fact.id for fact in facts),
        relation=Strings.of(fact.relation for fact in facts),
        subject=subject,
        object=object_,
        vectors=embed(texts, "fact", "embed facts"),
        passages=Ragged.from_rows([sorted(supports[fact.id]) for fact in facts]),
    )


def _synonyms(reader: GraphReader, row_of_entity: dict[str, int]) -> Synonyms:
    rows = [
        (row_of_entity[link.source_id], row_of_entity[link.target_id], link.score)
        for link in reader.synonyms()
    ]
    return Synonyms(
        source=np.array([row[0] for row in rows], dtype=np.int32),
        target=np.array([row[1] for row in rows], dtype=np.int32),
        score=np.array([row[2] for row in rows], dtype=np.float32),
    )


def _documents(reader: GraphReader, row_of_passage: dict[str, int]) -> tuple[Documents, Ragged]:
    """The documents, and for each passage the documents that it stands in."""
    documents = list(reader.documents())
    row_of_document = {document.id: row for row, document in enumerate(documents)}
    placements = list(reader.placements())
    passages: list[list[int]] = [[] for _ in documents]
    citing: list[set[int]] = [set() for _ in row_of_passage]
    for placement in placements:
        document, passage = (
            row_of_document[placement.document_id],
            row_of_passage[placement.passage_id],
        )
        passages[document].append(passage)
        citing[passage].add(document)
    table = Documents(
        id=Strings.of(document.id for document in documents),
        source=Strings.of(document.source for document in documents),
        title=Strings.of(document.title for document in documents),
        metadata=Strings.of(_json(document.metadata) for document in documents),
        observed_at=Strings.of(_iso(document.observed_at) for document in documents),
        passages=Ragged.from_rows(passages),
        start=np.array([placement.start for placement in placements], dtype=np.int32),
        end=np.array([placement.end for placement in placements], dtype=np.int32),
        page=np.array([placement.page or 0 for placement in placements], dtype=np.int32),
    )
    return table, Ragged.from_rows([sorted(rows) for rows in citing])


def _iso(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def _json(metadata: Mapping[str, JSON]) -> str:
    return json.dumps(dict(metadata), ensure_ascii=False, sort_keys=True)
