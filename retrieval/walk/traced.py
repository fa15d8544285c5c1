"""The walk, kept so that it can be asked about, and as it goes without something."""

from collections.abc import Iterable
from copy import copy
from dataclasses import replace
from typing import Self

import numpy as np

from kg.snapshot import Snapshot
from kg.snapshot.tables import Floats, Ints, Pairs, Ragged
from retrieval.walk.base import base_scores
from retrieval.walk.constants import WalkConstants
from retrieval.walk.mode import ConditionedWalk
from retrieval.walk.postings import Postings, idf
from retrieval.walk.receipt import WalkTrace
from retrieval.walk.run import Run
from retrieval.walk.sources import reset_vector, sources
from retrieval.walk.step import take_step


class TracedWalk(ConditionedWalk):
    """Mode `ammon`, with receipts."""

    def __init__(self, snapshot: Snapshot, constants: WalkConstants | None = None) -> None:
        super().__init__(snapshot, constants)
        self._gone: Ints = np.zeros(0, dtype=np.int32)

    def trace(self, question: str, vectors: Floats) -> WalkTrace:
        """See `retrieval.receipt.Traced.trace`."""
        return WalkTrace(self.run(question, vectors))

    def run(self, question: str, vectors: Floats) -> Run:
        """Walk for a question; `vectors` (n, d) are the embeddings of `texts(question)`."""
        read = self._read(question)
        masked = 1 if read.mask else 0
        products = self._similarity.sentences(vectors)
        asked = [row for row in range(len(vectors)) if row != masked or not masked]
        views = self._similarity.passages(vectors[asked], products[:, asked])
        views[:, self._gone] = -np.inf
        base = base_scores(
            read, views, self._snapshot, self._lookup, self._postings.idf, self._constants
        )
        found = sources(read, base, self._constants)
        reset = reset_vector(found, len(base.score))
        relevance = 0.5 * (products[:, 0] + products[:, masked])
        step = take_step(
            reset, base.score, relevance, self._named(read), self._postings, self._constants
        )
        share = self._constants.step_weight
        score = (1 - share) * reset + share * step.arrivals
        left = np.setdiff1d(np.arange(len(score)), self._gone)
        order = left[np.lexsort((left, -base.score[left], -score[left]))]
        return Run(
            question=read,
            views=vectors[asked],
            aim=0.5 * (vectors[0] + vectors[masked]),
            base=base,
            sources=tuple(found),
            reset=reset,
            step=step,
            score=score,
            order=order.astype(np.int32),
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
            self._snapshot, pairs=_pairs_without(self._snapshot, names, made._gone)
        )
        made._postings = Postings(made._snapshot, self._constants.postings)
        left = len(self._snapshot.passages.id) - len(made._gone)
        made._postings.idf = idf(made._postings.df, left)
        return made


def _pairs_without(snapshot: Snapshot, entries: Ints, passages: Ints) -> Pairs:
    """The pairs of neither these entries nor these passages."""
    table = snapshot.pairs
    kept = ~(np.isin(table.entry, entries) | np.isin(table.passage, passages))
    lengths = np.diff(table.sentences.indptr)
    entry, passage = table.entry[kept], table.passage[kept]
    order = np.argsort(passage, kind="stable").astype(np.int32)
    numbers = np.arange(len(snapshot.passages.id) + 1)
    return Pairs(
        indptr=np.concatenate(([0], np.cumsum(kept)))[table.indptr].astype(np.int64),
        entry=entry,
        passage=passage,
        is_title=table.is_title[kept],
        sentences=Ragged(
            np.concatenate(([0], np.cumsum(lengths[kept]))).astype(np.int64),
            table.sentences.items[np.repeat(kept, lengths)],
        ),
        by_passage=Ragged(np.searchsorted(passage[order], numbers).astype(np.int64), order),
    )
