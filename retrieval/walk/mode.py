"""The conditioned walk as a retrieval mode."""

from collections.abc import Iterable
from copy import copy
from dataclasses import replace
from typing import Self

import numpy as np

from kg.snapshot import Snapshot
from kg.snapshot.tables import Floats, Ints
from retrieval.gazetteer import GazetteerLookup
from retrieval.mode import Ranking
from retrieval.question import Question, read_question
from retrieval.walk.base import Base, base_scores
from retrieval.walk.constants import WalkConstants
from retrieval.walk.explanation import explain
from retrieval.walk.postings import Postings, idf
from retrieval.walk.receipt import WalkTrace
from retrieval.walk.run import Run
from retrieval.walk.similarity import FEW_SENTENCES, Sight, Similarity
from retrieval.walk.sources import reset_vector, sources
from retrieval.walk.step import take_step
from retrieval.walk.without import pairs_without


class ConditionedWalk:
    """Mode `ammon` over one snapshot, with receipts."""

    def __init__(
        self,
        snapshot: Snapshot,
        constants: WalkConstants | None = None,
        *,
        few_sentences: int = FEW_SENTENCES,
    ) -> None:
        """Up to `few_sentences` all are compared with the question: see `similarity`."""
        self._snapshot = snapshot
        self._constants = constants or WalkConstants()
        self._lookup = GazetteerLookup(snapshot)
        self._similarity = Similarity(snapshot, few_sentences)
        self._facts_of = snapshot.facts.passages.inverted(len(snapshot.passages.id))
        self._postings = Postings(snapshot, self._constants.postings)
        self._gone: Ints = np.zeros(0, dtype=np.int32)

    def texts(self, question: str) -> list[tuple[str, str]]:
        """The question, the question without its names (if it has any), and its clauses."""
        read = self._read(question)
        masked = [read.mask] if read.mask else []
        texts = [read.text, *masked, *(clause.text for clause in read.clauses)]
        return [(text, "query") for text in texts]

    def rank(self, question: str, vectors: Floats, k: int) -> Ranking:
        """See `retrieval.mode.Mode.rank`."""
        run = self.run(question, vectors)
        order = run.best(k)
        return Ranking(passages=order, scores=run.score[order], explanation=explain(run, order))

    def trace(self, question: str, vectors: Floats) -> WalkTrace:
        """See `retrieval.receipt.Traced.trace`."""
        return WalkTrace(self.run(question, vectors))

    def run(self, question: str, vectors: Floats) -> Run:
        """Walk for a question; `vectors` (n, d) are the embeddings of `texts(question)`."""
        read = self._read(question)
        masked = 1 if read.mask else 0
        asked = [row for row in range(len(vectors)) if row != masked or not masked]
        sight = self._similarity.look(vectors, asked, masked)
        sight.views[:, self._gone] = -np.inf
        base = base_scores(
            read, sight.views, self._snapshot, self._lookup, self._postings.idf, self._constants
        )
        if not self._similarity.exact:
            self._sharpen(sight, base, base.candidates(self._constants.candidates))
        found = sources(read, base, self._constants)
        reset = reset_vector(found, len(base.score))
        step = take_step(
            reset,
            base.score,
            sight.relevance,
            self._named(read),
            self._postings,
            self._constants,
            reaching=lambda passages: self._sharpen(sight, base, passages),
        )
        share = self._constants.step_weight
        return Run(
            question=read,
            views=vectors[asked],
            aim=0.5 * (vectors[0] + vectors[masked]),
            base=base,
            sources=tuple(found),
            reset=reset,
            step=step,
            score=(1 - share) * reset + share * step.arrivals,
            gone=self._gone,
            snapshot=self._snapshot,
            facts_of=self._facts_of,
            constants=self._constants,
        )

    def without(self, *, entries: Iterable[int] = (), passages: Iterable[int] = ()) -> Self:
        """The walk as it goes where these entries are not named, and these passages are not there.

        The question is read as before: what is left out takes its bonuses, its source, its bridges
        and its postings with it, but other names do not come to stand in its place.
        """
        gone = np.array(sorted(set(passages)), dtype=np.int32)
        names = np.array(sorted(set(entries)), dtype=np.int32)
        made = copy(self)
        made._gone = np.union1d(self._gone, gone)
        made._snapshot = replace(
            self._snapshot, pairs=pairs_without(self._snapshot, names, made._gone)
        )
        made._postings = Postings(made._snapshot, self._constants.postings)
        left = len(self._snapshot.passages.id) - len(made._gone)
        made._postings.idf = idf(made._postings.df, left)
        return made

    def _sharpen(self, sight: Sight, base: Base, passages: Ints) -> None:
        base.refresh(sight.sharpen(np.setdiff1d(passages, self._gone)))

    def _read(self, question: str) -> Question:
        return read_question(question, self._lookup.known, cased=self._snapshot.cased)

    def _named(self, question: Question) -> Ints:
        """Every entry that the question may name, nested names too: none of them is a bridge."""
        entries = {e for surface in question.surfaces for e in self._lookup.entries(surface)}
        return np.array(sorted(entries), dtype=np.int32)
