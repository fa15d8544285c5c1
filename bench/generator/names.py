"""Which passage names what: four kinds of names give the few hubs and the long tail of real ones.

A passage names its title; names of its own; names of its topic (among them the titles of passages
of that topic, over which questions go on); names of its field; and names of all the world, few of
which are in a great part of all passages.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.generator import shape as numbers
from bench.generator.shape import Shape
from kg.snapshot.tables import BoolArray, Int32Array, Int64Array

_WORLD, _FIELD, _TOPIC, _UNIQUE = 1 << 59, 1 << 50, 1 << 40, 1 << 60
"""Where each kind's numbers begin; titles have the numbers of their passages."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mentions:
    """M pairs (entry, passage), in order of entry, then passage; entry p is passage p's title."""

    entries: int
    entry: Int32Array
    passage: Int32Array
    is_title: BoolArray
    first: Int32Array
    """The first sentence that names the entry, counted within the passage."""
    count: Int32Array
    """In how many sentences, one after the other, it is named."""
    sentences: Int64Array
    """(P + 1,): where each passage's sentences begin, counted through the corpus."""
    topic: Int32Array
    """(P,): each passage's topic."""
    topics: int


def draw_mentions(shape: Shape) -> Mentions:
    """Draw all of a corpus's mentions."""
    rng = np.random.default_rng([shape.seed, 1])
    passages = shape.passages
    topics = max(passages // numbers.TOPIC_PASSAGES, 1)
    topic = rng.integers(0, topics, passages, dtype=np.int32)
    keys = _drawn(rng, passages, topic, topics)
    entries, key, passage = _numbered(keys, passages, rng)
    is_title = key == passage

    shares = np.array(numbers.SENTENCES) / sum(numbers.SENTENCES)
    counts = 1 + np.searchsorted(np.cumsum(shares), rng.random(passages)).astype(np.int64)
    counts = np.minimum(counts, len(shares))
    sentences = np.concatenate(([0], np.cumsum(counts)))
    chance = rng.random(len(key), dtype=np.float32)
    named = 1 + sum((chance < share).astype(np.int32) for share in numbers.MORE_SENTENCES)
    available = counts[passage].astype(np.int32)
    count = np.where(is_title, available, np.minimum(named, available)).astype(np.int32)
    places = available - count + 1
    first = (rng.random(len(key), dtype=np.float32) * places).astype(np.int32)
    return Mentions(
        entries=entries,
        entry=key,
        passage=passage,
        is_title=is_title,
        first=np.minimum(first, places - 1),
        count=count,
        sentences=sentences,
        topic=topic,
        topics=topics,
    )


def _drawn(rng: np.random.Generator, passages: int, topic: Int32Array, topics: int) -> Int64Array:
    """(2, draws): numbers of names, and the passages that draw them, with repeats."""
    wanted = rng.poisson(
        rng.gamma(numbers.NAMES_SHAPE, numbers.NAMES_MEAN / numbers.NAMES_SHAPE, passages)
    )
    passage = np.repeat(np.arange(passages, dtype=np.int64), wanted)
    kind = rng.random(len(passage), dtype=np.float32)
    edges = np.cumsum((numbers.UNIQUE, numbers.OF_TOPIC, numbers.OF_FIELD))
    name = np.empty(len(passage), dtype=np.int64)

    unique = np.flatnonzero(kind < edges[0])
    name[unique] = _UNIQUE + unique
    chosen = np.flatnonzero((kind >= edges[0]) & (kind < edges[1]))
    name[chosen] = _of_topic(rng, topic[passage[chosen]].astype(np.int64), topic, topics)
    chosen = np.flatnonzero((kind >= edges[1]) & (kind < edges[2]))
    fields = max(passages // numbers.FIELD_PASSAGES, 1)
    local = (rng.random(len(chosen)) ** 2 * numbers.FIELD_NAMES).astype(np.int64)
    field = topic[passage[chosen]].astype(np.int64) % fields
    name[chosen] = _FIELD + field * numbers.FIELD_NAMES + local
    chosen = np.flatnonzero(kind >= edges[2])
    tail = (1.0 - rng.random(len(chosen))) ** (-1.0 / (numbers.WORLD_EXPONENT - 1.0)) - 1.0
    name[chosen] = _WORLD + np.minimum(numbers.WORLD_OFFSET * tail, 2.0**57).astype(np.int64)

    titles = np.arange(passages, dtype=np.int64)
    return np.stack((np.concatenate((titles, name)), np.concatenate((titles, passage))))


def _of_topic(
    rng: np.random.Generator, own: Int64Array, topic: Int32Array, topics: int
) -> Int64Array:
    """Half of them titles of passages of the topic, half names that only the topic has."""
    members = np.argsort(topic, kind="stable")
    ends = np.searchsorted(topic[members], np.arange(topics + 1))
    spread = rng.random(len(own))
    titles = members[ends[own] + (spread * (ends[own + 1] - ends[own])).astype(np.int64)]
    local = _TOPIC + own * numbers.TOPIC_NAMES + (spread**2 * numbers.TOPIC_NAMES).astype(np.int64)
    chosen: Int64Array = np.where(rng.random(len(own)) < 0.5, titles, local)
    return chosen


def _numbered(
    keys: Int64Array, passages: int, rng: np.random.Generator
) -> tuple[int, Int32Array, npt.NDArray[np.int32]]:
    """(number of entries, entry and passage of each pair): titles first, the others in any order,
    so that names of one topic are no neighbours, as they are none in an index by name."""
    distinct, number = np.unique(keys[0], return_inverse=True)
    shuffled = np.concatenate(
        (np.arange(passages), passages + rng.permutation(len(distinct) - passages))
    )
    pair = np.unique(shuffled[number] * passages + keys[1])
    return len(distinct), (pair // passages).astype(np.int32), (pair % passages).astype(np.int32)
