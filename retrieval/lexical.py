"""Mode `bm25`: passages that share rare words with the question, in any script.

BM25 as Lucene scores it, with Lucene's constants k1 = 1.2 and b = 0.75: for each word of the
question that a passage has tf times, ln(1 + (n - df + 0.5) / (df + 0.5)) · tf / (tf + k1 (1 - b + b
length / mean length)).

Source: Robertson & Zaragoza, The Probabilistic Relevance Framework, 2009; Kamphuis et al., Which
BM25 do you mean?, ECIR 2020; computed by bm25s (Lù, arXiv 2407.03618).
"""

import logging
import re
import sys
import unicodedata
from functools import cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from kg.snapshot import Snapshot
from kg.snapshot.tables import Float32Array, Passages
from retrieval.copies import Copies
from retrieval.mode import Ranking
from retrieval.ranking import ranking
from retrieval.receipt import DirectPart
from retrieval.results import Explanation
from retrieval.trace import DirectTrace

K1 = 1.2
B = 0.75

NO_KNOWN_WORD = "No word of the question occurs in this collection: the order is arbitrary."

_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]+"
)
"""Runs of scripts without spaces between words (and of Korean, which inflects inside them)."""

_SOFT_HYPHEN = "\u00ad"
_ASCII_WORD = re.compile(r"\w+", re.ASCII)


class Lexical:
    """An index of all passages of a snapshot: their titles, headings and texts."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Index every passage."""
        import bm25s

        logging.getLogger("bm25s").setLevel(logging.WARNING)  # importing it sets DEBUG

        self._snapshot = snapshot
        self._passages = len(snapshot.passages.id)
        self._copies = Copies.of(snapshot)
        documents, self._words = _numbered(snapshot.passages)
        self._index = bm25s.BM25(k1=K1, b=B, method="lucene")
        if self._words:
            self._index.index((documents, self._words), show_progress=False)

    def texts(self, question: str) -> list[tuple[str, str]]:  # noqa: ARG002
        """Nothing: this mode needs no embeddings."""
        return []

    def rank(self, question: str, vectors: npt.NDArray[np.float32], k: int) -> Ranking:  # noqa: ARG002
        """See `Mode.rank`. If no word is known, passages are returned in their order, with score
        0."""
        known = self._known(question)
        return ranking(self._scores(known), k, _explanation(known))

    def trace(self, question: str, vectors: Float32Array) -> DirectTrace:  # noqa: ARG002
        """See `retrieval.trace.Traced.trace`: each word that a passage shares is a part."""
        known = self._known(question)
        weights = {word: self._scores([word] * known.count(word)) for word in dict.fromkeys(known)}

        def parts(passage: int) -> list[DirectPart]:
            return [
                DirectPart(kind="word", label=word, amount=float(weight[passage]), quote=None)
                for word, weight in weights.items()
                if weight[passage] > 0
            ]

        scores = self._scores(known)
        explanation = _explanation(known)
        return DirectTrace("bm25", self._snapshot, self._copies, scores, parts, explanation)

    def _known(self, question: str) -> list[str]:
        """The words of the question that occur in the collection, in order."""
        return [word for word in words(question) if word in self._words]

    def _scores(self, known: list[str]) -> Float32Array:
        if not known:
            return np.zeros(self._passages, dtype=np.float32)
        scores: Float32Array = self._index.get_scores_from_ids(
            [self._words[word] for word in known]
        )
        return scores


def _explanation(known: list[str]) -> Explanation:
    return Explanation(notes=() if known else (NO_KNOWN_WORD,))


def words(text: str) -> list[str]:
    """The words of a text in order: runs of letters, marks, digits and '_', case-folded.

    A script without spaces gives each character and each pair of neighbours. Soft hyphens, where
    a word may be broken, are no part of it.
    """
    if text.isascii():  # most passages of most corpora; the same words, in a third of the time
        return _ASCII_WORD.findall(text.casefold())
    text = unicodedata.normalize("NFKC", text).replace(_SOFT_HYPHEN, "").casefold()
    runs: list[str] = _word().findall(text)
    return _unspaced(runs) if _UNSPACED.search(text) else runs


def _unspaced(runs: list[str]) -> list[str]:
    """The runs, with scripts without spaces split into characters and pairs of neighbouring
    characters."""
    found: list[str] = []
    for run in runs:
        end = 0
        for unspaced in _UNSPACED.finditer(run):
            if end < unspaced.start():
                found.append(run[end : unspaced.start()])
            characters = unspaced.group()
            found.extend(characters)
            found.extend(first + second for first, second in pairwise(characters))
            end = unspaced.end()
        if end < len(run):
            found.append(run[end:])
    return found


@cache
def _word() -> re.Pattern[str]:
    r"""`\w` does not match combining marks, which many scripts of India and South-East Asia
    need."""
    characters = map(chr, range(sys.maxunicode + 1))
    marks = "".join(char for char in characters if unicodedata.category(char)[0] == "M")
    return re.compile(rf"\w+(?:[{marks}]+\w*)*")


def _numbered(passages: Passages) -> tuple[list[list[int]], dict[str, int]]:
    """Each passage as a list of word numbers, and the number of each word, in order of first
    occurrence."""
    numbers: dict[str, int] = {}
    documents = [
        [
            numbers.setdefault(word, len(numbers))
            for part in (title, heading, text)
            for word in words(part)
        ]
        for title, heading, text in zip(
            passages.title, passages.heading, passages.text, strict=True
        )
    ]
    return documents, numbers
