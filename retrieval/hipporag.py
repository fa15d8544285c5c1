"""Mode `hipporag`: the first HippoRAG, whose walk starts from the names in the question.

Each name is linked to the entity with the nearest embedding, whose weight is one over the number of
its passages (node specificity). Personalized PageRank from these entities ranks the passages. The
graph is that of HippoRAG 2, with passages as nodes, so that a passage's score is its own PageRank,
not a sum over its entities as in the paper.

Source: Gutiérrez et al., HippoRAG, arXiv 2405.14831.
"""

from collections.abc import Callable, Sequence
from itertools import islice

import numpy as np
import numpy.typing as npt

from kg.names import normalise
from kg.snapshot import Snapshot
from kg.snapshot.tables import Adjacency, Float32Array
from retrieval.dense import Dense
from retrieval.linking import nearest_entities, passages_of_entities, used_entities
from retrieval.mode import Ranking
from retrieval.names import NameFinder
from retrieval.pagerank import PageRank, RelaxationPageRank
from retrieval.ranking import ranking
from retrieval.results import Explanation
from retrieval.seeds import SeededWalk
from retrieval.trace import DirectTrace

DAMPING = 0.5
MOST_NAMES = 32
"""The most names that are linked. Each is embedded and compared with all entities; questions of
benchmarks have five or six at most, a pasted page has hundreds."""

NO_NAME = "The question contains no name: passages are ranked by embeddings alone."


class HippoRAG:
    """HippoRAG 1's seeds over one snapshot."""

    def __init__(
        self,
        snapshot: Snapshot,
        *,
        pagerank: Callable[[Adjacency], PageRank] = RelaxationPageRank,
        names: Callable[[str], Sequence[str]] | None = None,
    ) -> None:
        """Prepare the graph; `pagerank` makes the engine, `names` finds a question's names."""
        self._snapshot = snapshot
        self._dense = Dense(snapshot)
        self._pagerank = pagerank(snapshot.adjacency)
        self._names = names or NameFinder().names
        self._passages_of = passages_of_entities(snapshot.adjacency, len(snapshot.entities.id))
        self._linkable = self._passages_of > 0

    def texts(self, question: str) -> list[tuple[str, str]]:
        """The question, then the normal form of each name in it, `MOST_NAMES` at most."""
        return [(question, "query"), *((name, "entity") for name in self._named(question))]

    def rank(self, question: str, vectors: npt.NDArray[np.float32], k: int) -> Ranking:  # noqa: ARG002
        """See `Mode.rank`; a score is a PageRank, or a cosine if nothing was linked."""
        names = vectors[1:]
        if not len(names) or not self._linkable.any():
            cosines = self._dense.scores(vectors[0])
            return ranking(cosines, k, Explanation(notes=(NO_NAME,)))
        reset = self._reset(names)
        walked = self._pagerank.rank(reset, damping=DAMPING)
        return ranking(walked[len(self._passages_of) :], k, self._explanation(reset))

    def trace(self, question: str, vectors: Float32Array) -> DirectTrace:
        """See `retrieval.trace.Traced.trace`: each seed is a part."""
        names = vectors[1:]
        if not len(names) or not self._linkable.any():
            return self._dense.traced("hipporag", question, vectors[0], NO_NAME)
        reset = self._reset(names)
        walk = SeededWalk(self._snapshot, self._pagerank, DAMPING, reset)
        return DirectTrace(
            "hipporag",
            self._snapshot,
            self._dense.copies,
            walk.scores,
            walk.seed_parts,
            self._explanation(reset),
        )

    def _explanation(self, reset: npt.NDArray[np.float64]) -> Explanation:
        total = float(reset.sum())
        seeds = [(int(seed), float(reset[seed]) / total) for seed in np.flatnonzero(reset)]
        return Explanation(entities=used_entities(self._snapshot, "question", seeds))

    def _reset(self, names: Float32Array) -> npt.NDArray[np.float64]:
        """The starting weight of every node, for names with embeddings (n, d)."""
        linked = nearest_entities(self._snapshot.entities.vectors, names, self._linkable)
        reset = np.zeros(len(self._snapshot.adjacency.indptr) - 1)
        reset[linked] = 1.0 / self._passages_of[linked]
        return reset

    def _named(self, question: str) -> list[str]:
        normal = (normalise(name) for name in self._names(question))
        return list(islice(dict.fromkeys(name for name in normal if name), MOST_NAMES))
