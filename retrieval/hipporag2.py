"""Mode `hipporag2`: HippoRAG 2 with its published constants and without a chat model.

The question is compared with all facts; the best five name the entities that the walk starts
from, each with the mean score of its facts, divided by the number of its passages, so that a rare
entity weighs more. Every passage is a starting point too, with a twentieth of its dense score.
Personalized PageRank from there ranks the passages. The paper's chat model, which drops unhelpful
facts before the walk, is left out; a chat model may judge the results instead
(`retrieval.aids.recognition`).

Source: Gutiérrez et al., From RAG to Memory, arXiv 2502.14802.
"""

from collections.abc import Callable
from copy import copy
from typing import Self

import numpy as np
import numpy.typing as npt

from kg.snapshot import Snapshot
from kg.snapshot.tables import Adjacency, Float32Array, Int32Array
from retrieval.dense import Dense
from retrieval.linking import passages_of_entities, used_entities, used_fact
from retrieval.mode import Ranking
from retrieval.pagerank import PageRank, RelaxationPageRank
from retrieval.ranking import best_of, min_max, ranking
from retrieval.receipt import DirectPart
from retrieval.results import Explanation, UsedFact
from retrieval.seeds import SeededWalk
from retrieval.trace import DirectTrace, similarity_part

FACTS = 5
"""How many facts may supply entities."""
ENTITIES = 5
"""How many entities the walk starts from."""
PASSAGE_WEIGHT = 0.05
"""Weight of a passage's dense score (0..1) among the starting points."""
DAMPING = 0.5

NO_FACT = "No fact matches this question: passages are ranked by embeddings alone."


class HippoRAG2:
    """HippoRAG 2 over one snapshot."""

    def __init__(
        self,
        snapshot: Snapshot,
        *,
        pagerank: Callable[[Adjacency], PageRank] = RelaxationPageRank,
    ) -> None:
        """Prepare the graph; `pagerank` makes the engine."""
        self._snapshot = snapshot
        self._dense = Dense(snapshot)
        self._pagerank = pagerank(snapshot.adjacency)
        self._left_out: tuple[int, ...] = ()
        self._passages_of = passages_of_entities(snapshot.adjacency, len(snapshot.entities.id))

    def texts(self, question: str) -> list[tuple[str, str]]:
        """The question twice: for passages, and for facts."""
        return [(question, "query"), (question, "query_to_fact")]

    def rank(self, question: str, vectors: npt.NDArray[np.float32], k: int) -> Ranking:  # noqa: ARG002
        """See `Mode.rank`; a score is a PageRank, or a cosine if no fact was left."""
        cosines = self._dense.scores(vectors[0])
        facts, scores, used = self._facts(vectors[1])
        if not len(facts):
            return ranking(cosines, k, Explanation(notes=(NO_FACT,)))
        weights = self._entity_weights(facts, scores)
        reset = _reset(weights, cosines)
        walked = self._pagerank.rank(reset, damping=DAMPING)
        return ranking(walked[len(weights) :], k, self._explanation(weights, reset, used))

    def trace(self, question: str, vectors: npt.NDArray[np.float32]) -> DirectTrace:
        """See `retrieval.trace.Traced.trace`: each seed is a part, and all passages are one."""
        facts, scores, used = self._facts(vectors[1])
        if not len(facts):
            return self._dense.traced("hipporag2", question, vectors[0], NO_FACT)
        weights = self._entity_weights(facts, scores)
        reset = _reset(weights, self._dense.scores(vectors[0]))
        walk = SeededWalk(self._snapshot, self._pagerank, DAMPING, reset)

        def parts(passage: int) -> list[DirectPart]:
            dense = walk.dense_amount(passage)
            similar = similarity_part(self._snapshot, passage, question, vectors[0], dense)
            return [*walk.seed_parts(passage), similar]

        explanation = self._explanation(weights, reset, used)
        copies = self._dense.copies
        return DirectTrace("hipporag2", self._snapshot, copies, walk.scores, parts, explanation)

    def _explanation(
        self,
        weights: npt.NDArray[np.float64],
        reset: npt.NDArray[np.float64],
        facts: tuple[UsedFact, ...],
    ) -> Explanation:
        total = float(reset.sum())
        seeds = [(int(seed), float(weights[seed]) / total) for seed in np.flatnonzero(weights)]
        return Explanation(entities=used_entities(self._snapshot, "seed", seeds), facts=facts)

    def without_fact(self, fact: int) -> Self:
        """The mode without comparing that fact with questions; the graph is the same."""
        made = copy(self)
        made._left_out = (*self._left_out, fact)
        return made

    def _facts(
        self, query: npt.NDArray[np.float32]
    ) -> tuple[Int32Array, npt.NDArray[np.float64], tuple[UsedFact, ...]]:
        """The best facts, with their scores scaled to 0..1 over all facts."""
        products = self._snapshot.facts.vectors @ query
        facts, scores = best_of(min_max(np.delete(products, self._left_out)), FACTS)
        for fact in sorted(set(self._left_out)):  # undo the shift by `np.delete`
            facts[facts >= fact] += 1
        used = tuple(
            used_fact(self._snapshot, fact, score)
            for fact, score in zip(facts.tolist(), scores.tolist(), strict=True)
        )
        return facts, scores.astype(np.float64), used

    def _entity_weights(
        self, facts: Int32Array, scores: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """The starting weight of every entity (E,): that of the best five, else 0."""
        both_ends = np.concatenate(
            (self._snapshot.facts.subject[facts], self._snapshot.facts.object[facts])
        )
        named, place = np.unique(both_ends, return_inverse=True)
        means = np.bincount(place, weights=np.tile(scores, 2)) / np.bincount(place)
        weights = means / np.maximum(self._passages_of[named], 1)
        best, _ = best_of(weights, ENTITIES)
        chosen = np.zeros(len(self._passages_of))
        chosen[named[best]] = weights[best]
        return chosen


def _reset(entities: npt.NDArray[np.float64], cosines: Float32Array) -> npt.NDArray[np.float64]:
    """The starting weights of all nodes (E + P,)."""
    return np.concatenate((entities, PASSAGE_WEIGHT * min_max(cosines).astype(np.float64)))
