"""Mode `dense`: passages by the inner product of their embedding with the question's."""

import numpy as np
import numpy.typing as npt

from kg.snapshot import Snapshot
from kg.snapshot.tables import Float32Array
from retrieval.copies import Copies
from retrieval.mode import Ranking
from retrieval.ranking import best_of, ranking
from retrieval.receipt import DirectPart
from retrieval.results import Explanation
from retrieval.shortlist import Shortlist
from retrieval.trace import DirectTrace, similarity_part


class Dense:
    """Exact search over all passages of a snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._passages = snapshot.passages.vectors
        self._shortlist = Shortlist(self._passages)
        self.copies = Copies.of(snapshot)

    def texts(self, question: str) -> list[tuple[str, str]]:
        """The question, as a query."""
        return [(question, "query")]

    def rank(self, question: str, vectors: npt.NDArray[np.float32], k: int) -> Ranking:  # noqa: ARG002
        """See `Mode.rank`; a score is a cosine."""
        rows = self._shortlist.rows(vectors[0], k)
        if rows is None:
            return ranking(self.scores(vectors[0]), k)
        best, scores = best_of(self._passages[rows] @ vectors[0], k)
        return Ranking(passages=rows[best], scores=scores)

    def trace(self, question: str, vectors: Float32Array) -> DirectTrace:
        """See `retrieval.trace.Traced.trace`."""
        return self.traced("dense", question, vectors[0])

    def traced(self, mode: str, question: str, query: Float32Array, note: str = "") -> DirectTrace:
        """The trace of another mode that falls back to this one, for the reason in `note`."""
        cosines = self.scores(query)

        def parts(passage: int) -> tuple[DirectPart, ...]:
            amount = float(cosines[passage])
            return (similarity_part(self._snapshot, passage, question, query, amount),)

        return DirectTrace(
            mode,
            self._snapshot,
            self.copies,
            cosines,
            parts,
            Explanation(notes=(note,) if note else ()),
        )

    def scores(self, query: Float32Array) -> Float32Array:
        """The cosine of every passage (P,) with a query's vector (d,)."""
        cosines: Float32Array = self._passages @ query
        return cosines
