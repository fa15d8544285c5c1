"""Triples and synonyms among the names of a corpus, and HippoRAG's graph of them."""

from dataclasses import dataclass

import numpy as np

from bench.generator import shape as numbers
from bench.generator.names import Mentions
from bench.generator.shape import Shape
from kg.snapshot import Ragged
from kg.snapshot.tables import Int32Array, Synonyms

_OF_TITLE = 0.4
"""Share of triples whose subject is what the passage is about."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Triples:
    """F triples, each in one passage; entities are the names that stand in one."""

    name: Int32Array
    """(E,): entity -> its entry, or a higher number for a phrase that is no entry; ascending."""
    entity: Int32Array
    """(N,): entry -> entity, or -1."""
    passages: Ragged
    """Entity -> passages that name it, ascending."""
    subject: Int32Array
    """(F,): an entity, as is `object`."""
    object: Int32Array
    passage: Int32Array


def by_passage(mentions: Mentions) -> Ragged:
    """Passage -> its pairs (rows of `mentions`), ascending."""
    order = np.argsort(mentions.passage, kind="stable").astype(np.int32)
    counts = np.bincount(mentions.passage, minlength=len(mentions.topic))
    return Ragged(np.concatenate(([0], np.cumsum(counts))), order)


def draw_triples(shape: Shape, mentions: Mentions, pairs: Ragged) -> Triples:
    """Triples between two names of one passage; `pairs` as `by_passage` gives them."""
    rng = np.random.default_rng([shape.seed, 3])
    wanted = rng.poisson(shape.facts_per_passage, shape.passages)
    passage = np.repeat(np.arange(shape.passages, dtype=np.int32), wanted)

    def drawn() -> Int32Array:
        first, count = pairs.indptr[passage], np.diff(pairs.indptr)[passage]
        place = (rng.random(len(passage)) * count).astype(np.int64)
        found: Int32Array = mentions.entry[pairs.items[first + place]]
        return found

    subject = np.where(rng.random(len(passage)) < _OF_TITLE, passage, drawn())
    phrases = mentions.entries + np.arange(len(passage), dtype=np.int32)
    object_ = np.where(rng.random(len(passage)) < numbers.PHRASES, phrases, drawn())
    kept = np.flatnonzero(subject != object_)
    name, number = np.unique(np.stack((subject[kept], object_[kept])), return_inverse=True)
    entries = int(np.searchsorted(name, mentions.entries))
    entity = np.full(mentions.entries, -1, dtype=np.int32)
    entity[name[:entries]] = np.arange(entries)
    ends = number.reshape(2, -1).astype(np.int32)
    return Triples(
        name=name,
        entity=entity,
        passages=_passages(name, entries, mentions, passage),
        subject=ends[0],
        object=ends[1],
        passage=passage[kept],
    )


def _passages(name: Int32Array, entries: int, mentions: Mentions, of_phrase: Int32Array) -> Ragged:
    """Entity -> passages: those of its entry, or the one passage of a phrase."""
    starts = np.searchsorted(mentions.entry, name[:entries])
    counts = np.searchsorted(mentions.entry, name[:entries], side="right") - starts
    before = np.cumsum(counts) - counts
    rows = np.repeat(starts - before, counts) + np.arange(counts.sum())
    phrases = of_phrase[name[entries:] - mentions.entries]
    lengths = np.concatenate(([0], counts, np.ones(len(phrases), dtype=np.int64)))
    return Ragged(np.cumsum(lengths), np.concatenate((mentions.passage[rows], phrases)))


def draw_synonyms(shape: Shape, entities: int) -> Synonyms:
    """Links between any two entities, in both directions."""
    rng = np.random.default_rng([shape.seed, 4])
    drawn = rng.integers(0, max(entities, 1), (2, int(entities * numbers.SYNONYMS / 2)))
    ends = np.unique(np.sort(drawn[:, drawn[0] != drawn[1]], axis=0), axis=1)
    score = np.float32(0.8) + np.float32(0.2) * rng.random(ends.shape[1], dtype=np.float32)
    source, target = np.concatenate((ends, ends[::-1]), axis=1)
    order = np.lexsort((target, source))
    return Synonyms(
        source=source[order].astype(np.int32),
        target=target[order].astype(np.int32),
        score=np.tile(score, 2)[order],
    )
