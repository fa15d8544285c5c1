"""The base score: how well passages fit the question by themselves."""

import numpy as np

from kg.snapshot.tables import Float32Array, Int32Array, Int64Array
from retrieval.loops.sets import places_of, table_of, unseen
from retrieval.loops.shared import scores_of
from retrieval.walk.links import Bonuses
from retrieval.walk.similarity import Asked, Near, Similarity

_NO_PASSAGES: Int32Array = np.zeros(0, dtype=np.int32)
_NO_SCORES: Float32Array = np.zeros(0, dtype=np.float32)
_NO_SHIFT: Int64Array = np.zeros(0, dtype=np.int64)
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
        self.links = bonuses.links
        self.passages: Int32Array = _NO_PASSAGES
        self.views: Float32Array = np.zeros((len(asked.views), 0), dtype=np.float32)
        """(v, m): similarity to the question and to each clause."""
        self.bonuses: Float32Array = np.zeros((len(bonuses.links), 0), dtype=np.float32)
        """(links, m): what each link gives; 0 where it is not mentioned."""
        self.score: Float32Array = _NO_SCORES
        """(m,): the best of the views, and the bonuses of all links."""
        self.shift: Int64Array = _NO_SHIFT
        """(m,): what takes the number of a sentence of each passage to its place in `relevance`."""
        self.relevance: Float32Array = _NO_SCORES
        """Inner product of each sentence of theirs with the question and its mask."""
        self._table = _EMPTY

    def places(self, passages: Int32Array) -> Int32Array:
        """The place of each passage; -1 if it has none."""
        return places_of(self._table, self.passages, passages)

    def look_at(self, passages: Int32Array) -> None:
        """Compute the scores of those of these passages that have none yet."""
        new = np.sort(unseen(self._table, self.passages, passages))
        if not len(new):
            return
        looked = self._similarity.look(new, self._asked, self._near)
        bonuses = self._bonuses.at(new)
        score = scores_of(looked.views, bonuses)
        if not len(self.passages):
            self.passages, self.views, self.bonuses, self.score = new, looked.views, bonuses, score
            self.shift, self.relevance = looked.shift, looked.relevance
        else:
            self.shift = np.concatenate((self.shift, looked.shift + len(self.relevance)))
            self.relevance = np.concatenate((self.relevance, looked.relevance))
            self.passages = np.concatenate((self.passages, new))
            self.views = np.concatenate((self.views, looked.views), axis=1)
            self.bonuses = np.concatenate((self.bonuses, bonuses), axis=1)
            self.score = np.concatenate((self.score, score))
        self._table = table_of(self.passages)
