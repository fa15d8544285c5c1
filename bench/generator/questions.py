"""Questions of two hops over a generated corpus, and an embedder that knows where they point.

A question names the title of one passage and asks, over a name that this passage shares with
another, for what the other says: `Which … of Bakoru Lenimi …, where …?` It lies near one sentence
of each of the two, as far as a question lies from what answers it in real corpora.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bench.generator.text import WORDS, word
from inference.embedder import Kind, Progress, Vectors
from kg.snapshot import Snapshot
from kg.snapshot.tables import Float32Array

_MOST_DF = 20
_FIRST, _SECOND = (0.4, 0.65), (0.1, 0.45)
"""How near a question may lie to the two sentences that it asks for: least and most cosine."""
_MARKS = 4
"""Words of a question that stand in no passage: the embedder knows them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChainQuestion:
    """A question, the passages that answer it together, and the name that joins them."""

    text: str
    gold: tuple[int, int]
    sentences: tuple[int, int]
    """The sentence of each of them that the bridge is named in."""
    nearness: tuple[float, float]
    """About the cosine of the question with each of these."""
    marks: tuple[str, ...]
    """Words of the question; the first half ask for the first passage."""
    bridge: int
    """An entry of the gazetteer."""


def chain_questions(snapshot: Snapshot, count: int, seed: int = 1) -> list[ChainQuestion]:
    """Questions over chains drawn at random. Raises: ValueError where there are not so many."""
    rng = np.random.default_rng([seed, 5])
    chains = _chains(snapshot, rng, attempts=100 * count)
    near = np.stack((rng.uniform(*_FIRST, count), rng.uniform(*_SECOND, count)), axis=1).tolist()
    return [_question(snapshot, next(chains), near[number], number) for number in range(count)]


class QuestionEmbedder:
    """Embeds generated questions, whole or in parts: an `Embedder` without a model.

    What a text asks for is told by its marks; the rest of its vector is noise of its own.
    """

    def __init__(self, snapshot: Snapshot, questions: Sequence[ChainQuestion]) -> None:
        self._model_id = snapshot.embedder
        self._dimension = snapshot.sentences.vectors.values.shape[1]
        scale = np.asarray(snapshot.passages.vectors[:4096]).std(axis=0)
        self._scale = (scale / np.linalg.norm(scale)).astype(np.float32)
        self._sentences = snapshot.sentences.vectors
        self._meant: dict[str, tuple[int, float]] = {}
        """Mark -> the sentence that it asks for, and how near it lies."""
        for question in questions:
            half = len(question.marks) // 2
            for place, mark in enumerate(question.marks):
                part = place // half
                self._meant[mark] = question.sentences[part], question.nearness[part]

    @property
    def model_id(self) -> str:
        return self._model_id

    @property
    def dimension(self) -> int:
        return int(self._dimension)

    @property
    def max_tokens(self) -> int:
        return 256

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def embed(self, texts: Sequence[str], kind: Kind, progress: Progress | None = None) -> Vectors:
        if progress is not None:
            progress(len(texts))
        rows = [self._one(text, kind) for text in texts]
        return np.stack(rows) if rows else np.zeros((0, self.dimension), dtype=np.float32)

    def _one(self, text: str, kind: Kind) -> Float32Array:
        digest = hashlib.blake2b(f"{kind}:{text}".encode(), digest_size=8).digest()
        rng = np.random.default_rng(int.from_bytes(digest, "big"))
        vector = rng.standard_normal(self.dimension, dtype=np.float32) * self._scale
        meant = {self._meant[part] for part in _words(text) if part in self._meant}
        vector *= np.float32(np.sqrt(1.0 - sum(cosine**2 for _, cosine in meant)))
        for row, cosine in sorted(meant):
            vector += np.float32(cosine) * self._sentences.rows(np.array([row]))[0]
        unit: Float32Array = (vector / np.linalg.norm(vector)).astype(np.float32)
        return unit


def _chains(
    snapshot: Snapshot, rng: np.random.Generator, attempts: int
) -> Iterator[tuple[int, int, int, int]]:
    """(title's entry, bridge, pair of bridge and first passage, pair of bridge and second)."""
    pairs, titled = snapshot.pairs, snapshot.gazetteer.titled
    df = np.diff(pairs.indptr)
    bridges = np.flatnonzero((df >= 2) & (df <= _MOST_DF))
    for bridge in rng.choice(bridges, attempts) if len(bridges) else ():
        rows = np.arange(pairs.indptr[bridge], pairs.indptr[bridge + 1])
        rows = rng.permutation(rows[~pairs.is_title[rows]])
        if len(rows) < 2:
            continue
        one, other = rows[:2].tolist()
        first, second = pairs.passage[one], pairs.passage[other]
        own = pairs.by_passage.row(first)
        titles = pairs.entry[own[pairs.is_title[own]]]
        there = pairs.entry[pairs.by_passage.row(second)]
        if len(titles) and titles[0] not in there and len(titled.row(titles[0])):
            yield int(titles[0]), int(bridge), one, other
    raise ValueError(f"The corpus {snapshot.collection!r} has too few names that join passages.")


def _question(
    snapshot: Snapshot, chain: tuple[int, int, int, int], near: list[float], number: int
) -> ChainQuestion:
    named, bridge, *rows = chain
    pairs = snapshot.pairs
    first, second = (int(pairs.passage[row]) for row in rows)
    one, other = (int(pairs.sentences.row(row)[0]) for row in rows)
    marks = tuple(word(WORDS + number * _MARKS + place) for place in range(_MARKS))
    text = (
        f"Which {marks[0]} {_common(snapshot, one)} of {snapshot.gazetteer.label[named]} is "
        f"{marks[1]}, where {marks[2]} {_common(snapshot, other)} has {marks[3]}?"
    )
    return ChainQuestion(
        text=text,
        gold=(first, second),
        sentences=(one, other),
        nearness=(near[0], near[1]),
        marks=marks,
        bridge=bridge,
    )


def _common(snapshot: Snapshot, sentence: int) -> str:
    """Two words of a sentence that are no names."""
    table = snapshot.sentences
    text = snapshot.passages.text[int(table.passage[sentence])]
    inside = text[table.start[sentence] : table.end[sentence]]
    return " ".join([part for part in _words(inside) if part.islower()][:2])


def _words(text: str) -> list[str]:
    return text.replace(",", " ").replace(".", " ").replace("?", " ").split()
