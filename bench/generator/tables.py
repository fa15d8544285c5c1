"""A generated corpus as a snapshot on disk."""

import tempfile
from pathlib import Path

import numpy as np

from bench.generator.graph import Triples, by_passage, draw_synonyms, draw_triples
from bench.generator.names import Mentions, draw_mentions
from bench.generator.shape import Shape
from bench.generator.text import names, word, write_texts
from bench.generator.vectors import Geometry
from indexer.snapshot.adjacency import hipporag_adjacency
from inference.folding import RULES
from kg.snapshot import Ragged, Snapshot, SnapshotFolder, Strings
from kg.snapshot.tables import (
    Adjacency,
    Documents,
    Entities,
    Facts,
    Float32Array,
    Gazetteer,
    Int32Array,
    Int64Array,
    Pairs,
    Passages,
    Sentences,
)
from kg.surfaces import key_of

_RELATIONS = 500
_NEAR = 0.7
"""Cosine of a fact with its passage, and of an entity with the first that names it."""


def model_of(shape: Shape) -> str:
    """What stands for the model that embedded a corpus."""
    return f"generated:{shape.name}:{RULES}"


def write_corpus(shape: Shape, folder: SnapshotFolder) -> None:
    """Generate a corpus and publish it. Needs its size on the disk twice while it is written."""
    folder.path.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.path, prefix=".scratch-") as scratch:
        snapshot = _snapshot(shape, Path(scratch))
        folder.publish(folder.write(snapshot.revision, snapshot.write))


def adjacency_of(shape: Shape) -> Adjacency:
    """HippoRAG's graph of a corpus, without the corpus."""
    mentions = draw_mentions(shape)
    triples = draw_triples(shape, mentions, by_passage(mentions))
    entities = len(triples.name)
    nothing = np.zeros((0, shape.dimension), dtype=np.float32)
    synonyms = draw_synonyms(shape, entities)
    return hipporag_adjacency(_facts(triples, nothing), synonyms, entities, shape.passages)


def _snapshot(shape: Shape, scratch: Path) -> Snapshot:
    mentions = draw_mentions(shape)
    geometry = Geometry(shape, scratch)
    texts = write_texts(mentions, shape.seed)
    pairs = _pairs(mentions)
    triples = draw_triples(shape, mentions, pairs.by_passage)
    vectors = geometry.passages(mentions)
    facts = _facts(
        triples, geometry.near("facts", 13, vectors, triples.passage.astype(np.int64), _NEAR)
    )
    first = triples.passages.items[triples.passages.indptr[:-1]].astype(np.int64)
    near_first = geometry.near("entities", 14, vectors, first, _NEAR)
    synonyms = draw_synonyms(shape, len(triples.name))
    titles = names(np.arange(shape.passages), capital=True)
    one_each = Ragged(
        np.arange(shape.passages + 1, dtype=np.int64), np.arange(shape.passages, dtype=np.int32)
    )
    lengths = np.diff(texts.text.offsets).astype(np.int32)
    sentence_of = np.repeat(np.arange(shape.passages, dtype=np.int64), np.diff(mentions.sentences))
    return Snapshot(
        collection=shape.name,
        revision=1,
        embedder=model_of(shape),
        cased=True,
        documents=_documents(shape.passages, titles, one_each, lengths),
        passages=Passages(
            id=_ids("psg", shape.passages),
            title=titles,
            heading=_constant("", shape.passages),
            text=texts.text,
            vectors=vectors,
            documents=one_each,
        ),
        sentences=Sentences(
            passage=sentence_of.astype(np.int32),
            indptr=mentions.sentences,
            start=texts.start,
            end=texts.end,
            vectors=geometry.sentences(vectors, sentence_of),
        ),
        entities=_entities(triples, near_first),
        facts=facts,
        synonyms=synonyms,
        adjacency=hipporag_adjacency(facts, synonyms, len(triples.name), shape.passages),
        gazetteer=_gazetteer(mentions, triples.entity),
        pairs=pairs,
    )


def _pairs(mentions: Mentions) -> Pairs:
    counts = np.bincount(mentions.entry, minlength=mentions.entries)
    ends = np.cumsum(mentions.count, dtype=np.int64)
    first = mentions.sentences[mentions.passage] + mentions.first
    items = np.repeat(first - (ends - mentions.count), mentions.count) + np.arange(ends[-1])
    return Pairs(
        indptr=np.concatenate(([0], np.cumsum(counts))),
        entry=mentions.entry,
        passage=mentions.passage,
        is_title=mentions.is_title,
        weak=np.zeros(len(mentions.entry), dtype=np.bool_),
        sentences=Ragged(np.concatenate(([0], ends)), items.astype(np.int32)),
        by_passage=by_passage(mentions),
    )


def _facts(triples: Triples, vectors: Float32Array) -> Facts:
    count = len(triples.subject)
    relations = Strings.of(word(number) for number in range(_RELATIONS))
    which = (np.arange(count) * 31) % _RELATIONS
    width = int(relations.offsets[1])
    return Facts(
        id=_ids("fct", count),
        relation=Strings(
            relations.data.reshape(-1, width)[which].reshape(-1),
            np.arange(count + 1, dtype=np.int64) * width,
        ),
        subject=triples.subject,
        object=triples.object,
        vectors=vectors,
        passages=Ragged(np.arange(count + 1, dtype=np.int64), triples.passage),
    )


def _entities(triples: Triples, vectors: Float32Array) -> Entities:
    count = len(triples.name)
    return Entities(
        id=_ids("ent", count),
        name=names(triples.name, capital=False),
        surface=names(triples.name, capital=True),
        type=_constant("NAME", count),
        vectors=vectors,
        passages=triples.passages,
    )


def _gazetteer(mentions: Mentions, entity: Int32Array) -> Gazetteer:
    surfaces = names(np.arange(mentions.entries), capital=False)
    keys = np.fromiter(map(key_of, surfaces), dtype=np.uint64, count=mentions.entries)
    order = np.argsort(keys, kind="stable")
    passages = len(mentions.topic)
    titled = np.minimum(np.arange(mentions.entries + 1, dtype=np.int64), passages)
    return Gazetteer(
        key=keys[order],
        surface=names(order, capital=False),
        entries=Ragged(np.arange(mentions.entries + 1, dtype=np.int64), order.astype(np.int32)),
        label=names(np.arange(mentions.entries), capital=True),
        entity=entity,
        titled=Ragged(titled, np.arange(passages, dtype=np.int32)),
    )


def _documents(count: int, titles: Strings, one_each: Ragged, lengths: Int32Array) -> Documents:
    return Documents(
        id=_ids("doc", count),
        source=_ids("src", count),
        title=titles,
        metadata=_constant("{}", count),
        observed_at=_constant("", count),
        passages=one_each,
        start=np.zeros(count, dtype=np.int32),
        end=lengths,
        page=np.zeros(count, dtype=np.int32),
    )


def _ids(kind: str, count: int) -> Strings:
    """`kind-00000000` and so on."""
    digits = np.arange(count)[:, None] // 10 ** np.arange(7, -1, -1) % 10 + ord("0")
    prefix = np.tile(np.frombuffer(f"{kind}-".encode(), dtype=np.uint8), (count, 1))
    joined = np.concatenate((prefix, digits.astype(np.uint8)), axis=1)
    return Strings(joined.reshape(-1), _offsets(count, joined.shape[1]))


def _constant(text: str, count: int) -> Strings:
    data = np.frombuffer(text.encode() * count, dtype=np.uint8)
    return Strings(data, _offsets(count, len(text)))


def _offsets(count: int, width: int) -> Int64Array:
    return np.arange(count + 1, dtype=np.int64) * width
