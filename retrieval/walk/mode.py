"""The conditioned walk as a retrieval mode."""

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import replace
from functools import lru_cache, partial
from typing import Self

import numpy as np

from kg.snapshot import Snapshot
from kg.snapshot.copies import pairs_of_texts
from kg.snapshot.tables import Float32Array, Int32Array
from retrieval.copies import Copies
from retrieval.gazetteer import GazetteerLookup
from retrieval.mode import Ranking
from retrieval.question import Link, Question, read_question
from retrieval.walk.constants import WalkConstants
from retrieval.walk.explanation import explain
from retrieval.walk.links import LinkBonus, link_bonus
from retrieval.walk.parts import parts_of
from retrieval.walk.postings import Postings
from retrieval.walk.receipt import WalkTrace
from retrieval.walk.resident import resident_tables
from retrieval.walk.run import Run
from retrieval.walk.similarity import Asked, Similarity
from retrieval.walk.walker import Walker
from retrieval.walk.without import pairs_without
from retrieval.walk.words import SharedWords, frequency

_READ = 256
"""Questions that are remembered as they were read: each is read before it is embedded, and again
when it is ranked."""


class ConditionedWalk:
    """Mode `ammon` over one snapshot, with receipts."""

    def __init__(self, snapshot: Snapshot, constants: WalkConstants | None = None) -> None:
        derived = snapshot.derived or snapshot.derive()
        self._pairs = snapshot.pairs
        snapshot = resident_tables(replace(snapshot, pairs=derived.pairs or snapshot.pairs))
        self._snapshot = snapshot
        self._constants = constants or WalkConstants()
        self._similarity = Similarity(snapshot, derived)
        self._facts_of = derived.facts
        self._copies = Copies(derived.copies)
        self._removed: Int32Array = np.zeros(0, dtype=np.int32)
        """Passages that are left out of the corpus, ascending."""
        self._gone = self._copies.spare
        """These, and those for whose text another passage stands: the walk knows neither."""
        self._postings = Postings(snapshot, self._constants.postings)
        self._postings.passages -= len(self._gone)
        self._walker = Walker(self._similarity, self._postings, self._gone, self._constants)
        self._words = snapshot.words
        self._left_out: frozenset[int] = frozenset()
        """Entries that no passage mentions any more."""
        self._common: frozenset[int] = frozenset()
        """Those of them that very many did."""
        names = GazetteerLookup(snapshot).names
        self._read = lru_cache(_READ)(partial(read_question, names=names, cased=snapshot.cased))

    def texts(self, question: str) -> list[tuple[str, str]]:
        """The question, the question without its names (if it has any), and its clauses."""
        read = self._read(question)
        texts = [read.text, read.mask] if read.mask else [read.text]
        texts += [clause.text for clause in read.clauses]
        return [(text, "query") for text in texts]

    def parts(self, question: str) -> Mapping[int, tuple[tuple[int, int], ...]]:
        """See `retrieval.mode.Divided`."""
        return parts_of(self._read(question))

    def rank(self, question: str, vectors: Float32Array, k: int) -> Ranking:
        """See `retrieval.mode.Mode.rank`."""
        run = self.run(question, vectors)
        passages, scores = run.best(k)
        return Ranking(passages=passages, scores=scores, explanation=explain(run, passages))

    def trace(self, question: str, vectors: Float32Array) -> WalkTrace:
        """See `retrieval.trace.Traced.trace`."""
        return WalkTrace(self.run(question, vectors))

    def run(self, question: str, vectors: Float32Array) -> Run:
        """Walk for a question; `vectors` (n, d) are the embeddings of `texts(question)`."""
        read, constants = self._read(question), self._constants
        masked = 1 if read.mask else 0
        rare = [link for link in read.links if not self._is_common(link)]
        leans, plain = masked and not rare, all(map(self._is_left_out, rare))
        whole = self._leaning(vectors) if leans else vectors[:1]
        aim = np.float32(0.5) * (whole + vectors[masked : masked + 1])
        asked = Asked(
            vectors=np.concatenate((whole, vectors[1 + masked :], aim)),
            words=SharedWords(read, self._words, self._postings.passages, self._gone),
            word_weight=constants.plain_word_weight if plain else constants.word_weight,
        )
        links = tuple([self._link_bonus(read, link) for link in read.links])
        base, sources, steps, score = self._walker.walk(read, asked, links)
        return Run(
            question=read,
            asked=asked,
            base=base,
            sources=sources,
            steps=steps,
            score=score,
            gone=self._gone,
            removed=self._removed,
            snapshot=self._snapshot,
            similarity=self._similarity,
            facts_of=self._facts_of,
            copies=self._copies,
            constants=constants,
        )

    def _is_common(self, link: Link) -> bool:
        """Whether a name is in so many passages that it does not tell them from one another, or was
        before it was left out: how the question is read does not depend on that."""
        return self._postings.are_common(link.entries) or not self._common.isdisjoint(link.entries)

    def _is_left_out(self, link: Link) -> bool:
        """Whether a name names nothing any more."""
        return self._left_out.issuperset(link.entries)

    def _leaning(self, vectors: Float32Array) -> Float32Array:
        """(1, d): the question's vector, leaning to its mask."""
        whole = vectors[:1]
        leaning = whole + np.float32(self._constants.common_mask) * (vectors[1:2] - whole)
        unit = leaning / max(float(np.linalg.norm(leaning)), 1e-9)
        return unit.astype(np.float32, copy=False)

    def _link_bonus(self, read: Question, link: Link) -> LinkBonus:
        small = self._snapshot.cased and read.text[link.start].islower()
        common = 0
        if small and " " not in link.surface:
            common = frequency(link.surface, self._words, self._gone)
        return link_bonus(link, link.entries, self._postings, self._constants, common)

    def without(self, *, entries: Iterable[int] = (), passages: Iterable[int] = ()) -> Self:
        """The walk as it goes where these entries are not named, and these passages are not there.

        The question is read as before: what is left out takes its bonuses, its source, its bridges
        and its postings with it, but other names do not come to stand in its place. Words count as
        where nothing rare is named, if nothing rare is left that the question names.
        """
        names = np.array(sorted(set(entries)), dtype=np.int32)
        made = copy(self)
        made._removed = np.union1d(self._removed, np.array(sorted(set(passages)), dtype=np.int32))
        copies = self._copies.without(made._removed)
        made._gone = np.union1d(made._removed, copies.spare)
        pairs = self._pairs
        if copies.any:
            pairs = pairs_of_texts(pairs, copies.passages_of, self._snapshot.sentences.indptr)
        made._snapshot = replace(
            self._snapshot, pairs=pairs_without(pairs, names, made._gone), derived=None
        )
        made._postings = Postings(made._snapshot, self._constants.postings)
        made._postings.passages -= len(made._gone)
        made._walker = Walker(self._similarity, made._postings, made._gone, self._constants)
        had, has = (np.diff(one.pairs.indptr) > 0 for one in (self._postings, made._postings))
        silent = np.union1d(names, np.flatnonzero(had & ~has))
        made._left_out = self._left_out.union(silent.tolist())
        common = [entry for entry in names.tolist() if self._postings.are_common([entry])]
        made._common = self._common.union(common)
        return made
