"""The base score: how well passages fit the question by themselves."""

import numpy as np

from kg.snapshot.tables import Float32Array, Int32Array, Int64Array
from retrieval.loops.sets import places_of, seen_too, table_of
from retrieval.walk.links import Bonuses
from retrieval.walk.similarity import Asked, Looked, Near, Similarity

_NO_PASSAGES: Int32Array = np.zeros(0, dtype=np.int32)
_NO_SCORES: Float32Array = np.zeros(0, dtype=np.float32)
_EMPTY = table_of(_NO_PASSAGES)


class Base:
    """Scores of the m passages computed so far for one question; `look_at` adds passages.

    All arrays are in the order of `passages`; a passage's *place* is its row there.
    """

    def __init__(
        self, similarity: Similarity, asked: Asked, bonuses: Bonuses, near: Near | None = None
    ) -> None:
        self._similarity = similarity
        self._asked = asked
        self._bonuses = bonuses
        self._near = near
        self._looked = Looked.nothing(asked)
        self._table = _EMPTY
        self.links = bonuses.links
        self.passages: Int32Array = _NO_PASSAGES
        self.bonuses: Float32Array = np.zeros((len(bonuses.links), 0), dtype=np.float32)
        """(links, m): what each link gives; 0 where it is not mentioned."""
        self.score: Float32Array = _NO_SCORES
        """(m,): the best of the views, and the bonuses of all links."""

    @property
    def views(self) -> Float32Array:
        """(v, m): similarity to the question and to each clause."""
        return self._looked.views

    @property
    def shift(self) -> Int64Array:
        """(m,): what takes the number of a sentence of each passage to its place in `relevance`."""
        return self._looked.shift

    @property
    def relevance(self) -> Float32Array:
        """Inner product of each sentence of theirs with the question's aim."""
        return self._looked.relevance

    def places(self, passages: Int32Array) -> Int32Array:
        """The place of each passage; -1 if it has none."""
        return places_of(self._table, self.passages, passages)

    def look_at(self, passages: Int32Array) -> Int32Array:
        """Compute the scores of those of these passages that have none yet. The place of each."""
        new, known, table, places = seen_too(self._table, self.passages, passages)
        if len(new):
            asked = self._asked
            self._looked = self._similarity.look(new, asked, self._near, self._looked)
            self.bonuses, self.score = self._bonuses.scores(
                new, self.views, asked.words, asked.word_weight, self.bonuses, self.score
            )
            self.passages, self._table = known, table
        return places
