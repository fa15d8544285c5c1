"""The conditioned walk as a retrieval mode."""

import numpy as np

from kg.snapshot import Snapshot
from kg.snapshot.tables import Floats, Ints
from retrieval.gazetteer import GazetteerLookup
from retrieval.mode import Ranking
from retrieval.question import Question, read_question
from retrieval.walk.base import Similarity, base_scores
from retrieval.walk.constants import WalkConstants
from retrieval.walk.explanation import explain
from retrieval.walk.postings import Postings
from retrieval.walk.sources import reset_vector, sources
from retrieval.walk.step import take_step


class ConditionedWalk:
    """Mode `ammon` over one snapshot. Exact: every passage is scored."""

    def __init__(self, snapshot: Snapshot, constants: WalkConstants | None = None) -> None:
        self._snapshot = snapshot
        self._constants = constants or WalkConstants()
        self._lookup = GazetteerLookup(snapshot)
        self._similarity = Similarity(snapshot)
        self._facts_of = snapshot.facts.passages.inverted(len(snapshot.passages.id))
        self._postings = Postings(snapshot, self._constants.postings)

    def texts(self, question: str) -> list[tuple[str, str]]:
        """The question, the question without its names (if it has any), and its clauses."""
        read = self._read(question)
        return [(text, "query") for text in _views(read)]

    def rank(self, question: str, vectors: Floats, k: int) -> Ranking:
        """See `retrieval.mode.Mode.rank`."""
        read = self._read(question)
        masked = 1 if read.mask else 0
        products = self._similarity.sentences(vectors)
        relevance = 0.5 * (products[:, 0] + products[:, masked])
        unmasked = [row for row in range(len(vectors)) if row != masked or not masked]
        views = self._similarity.passages(vectors[unmasked], products[:, unmasked])
        base = base_scores(
            read, views, self._snapshot, self._lookup, self._postings.idf, self._constants
        )
        found = sources(read, base, self._constants)
        reset = reset_vector(found, len(base.score))
        step = take_step(
            reset, base.score, relevance, self._named(read), self._postings, self._constants
        )
        share = self._constants.step_weight
        score = (1 - share) * reset + share * step.arrivals
        order = _order(score, base.score, k)
        return Ranking(
            passages=order,
            scores=score[order],
            explanation=explain(
                read, base, step, order[:k], self._snapshot, self._facts_of, vectors[0]
            ),
        )

    def _read(self, question: str) -> Question:
        return read_question(question, self._lookup.known, cased=self._snapshot.cased)

    def _named(self, question: Question) -> Ints:
        """Every entry that the question may name, nested names too: none of them is a bridge."""
        entries = {e for surface in question.surfaces for e in self._lookup.entries(surface)}
        return np.array(sorted(entries), dtype=np.int32)


def _views(question: Question) -> list[str]:
    masked = [question.mask] if question.mask else []
    return [question.text, *masked, *(clause.text for clause in question.clauses)]


def _order(score: Floats, base: Floats, k: int) -> Ints:
    """The k best passages by score; those that the walk did not reach follow, by base score."""
    reached = np.flatnonzero(score > 0)
    if len(reached) < k:
        reached = np.arange(len(score))
    order = np.lexsort((reached, -base[reached], -score[reached]))
    return reached[order][: max(k, 1)].astype(np.int32)
