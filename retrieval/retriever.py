"""Asking one snapshot: a question in, passages with citations out."""

import time
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property, partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from inference.embedder import Embedder
from kg.snapshot import Snapshot, SnapshotFolder
from retrieval.checks import check_name, check_question, checked_keys, checked_questions
from retrieval.copies import ranked_once
from retrieval.counterfactual import Counterfactual, LeftOut, compared
from retrieval.embedded import QuestionEmbedder
from retrieval.keys import passages_named
from retrieval.prepared import PreparedModes
from retrieval.receipt import Receipt
from retrieval.results import Explanation, Hit, Retrieval
from retrieval.trace import Trace, Traced

if TYPE_CHECKING:
    from retrieval.hits import HitReader

NO_PASSAGES = "This collection has no passages yet: ingest a document first."


class Retriever:
    """Answers questions over one snapshot, for several threads at once."""

    def __init__(self, snapshot: Snapshot, embedder: Embedder) -> None:
        """Take a snapshot and the embedder that it was made with; modes are made when asked for.

        Raises: SnapshotError if it was made with another one.
        """
        self._snapshot = snapshot
        self._embedder = QuestionEmbedder(snapshot, embedder)
        self._modes = PreparedModes(snapshot)

    @classmethod
    def open(cls, folder: str | PathLike[str], embedder: Embedder) -> Self:
        """Of the snapshot that is current in a folder: the one with the file CURRENT.

        Raises: SnapshotError.
        """
        return cls(Snapshot.read(SnapshotFolder(Path(folder)).open()), embedder)

    def embedded_by(self, embedder: Embedder) -> "Retriever":
        """One over the same snapshot and modes, with another embedder of the same model.

        Raises: SnapshotError if it is of another one.
        """
        made = Retriever(self._snapshot, embedder)
        made._modes = self._modes
        return made

    @property
    def snapshot(self) -> Snapshot:
        """What is asked."""
        return self._snapshot

    @property
    def prepared(self) -> tuple[str, ...]:
        """The modes that were asked for so far."""
        return self._modes.names

    def prepare(self, modes: Iterable[str]) -> None:
        """Make modes before they are asked for, so that no question waits for that.

        Raises: InputError for an unknown one.
        """
        for mode in modes:
            self._modes.get(mode)

    def search(
        self, question: str, *, mode: str = "ammon", k: int = 10, receipts: bool = False
    ) -> Retrieval:
        """The k best passages of different texts for a question (fewer if there are fewer).

        With `receipts` each says why it is there.
        Raises: InputError for a blank question or one of more than 10,000 characters, an unknown
        mode, k < 1, or receipts of a mode that has none; ModelError.
        """
        return self.search_many([question], mode=mode, k=k, receipts=receipts)[0]

    def search_many(
        self,
        questions: Iterable[str],
        *,
        mode: str = "ammon",
        k: int = 10,
        receipts: bool = False,
    ) -> tuple[Retrieval, ...]:
        """The same for each of many questions, which are embedded together.

        The time of embedding is shared out equally. Raises: as `search`.
        """
        questions = checked_questions(questions, k)
        traced = self._modes.traced(mode) if receipts else None
        asked = traced or self._modes.get(mode)
        if not len(self._snapshot.passages.id):
            return tuple(self._nothing(question, mode) for question in questions)
        started = time.perf_counter()
        vectors = self._embedder.embed(asked, questions)
        share = 1000 * (time.perf_counter() - started) / max(len(questions), 1)
        count, copies, found = len(self._snapshot.passages.id), self._modes.copies, []
        for question, of_question in zip(questions, vectors, strict=True):
            started = time.perf_counter()
            trace = traced.trace(question, of_question) if traced else None
            rank = trace.ranking if trace else partial(asked.rank, question, of_question)
            ranked = ranked_once(rank, copies, k, count)
            found.append(
                Retrieval(
                    question=question,
                    collection=self._snapshot.collection,
                    revision=self._snapshot.revision,
                    mode=mode,
                    hits=self._hits.hits(
                        passages := ranked.passages[:k],
                        ranked.scores[:k],
                        of_question,
                        [trace.receipt(one) for one in passages.tolist()] if trace else None,
                    ),
                    explanation=ranked.explanation,
                    timings={
                        "embedding": share,
                        "retrieval": 1000 * (time.perf_counter() - started),
                    },
                )
            )
        return tuple(found)

    def told(
        self,
        question: str,
        passages: Iterable[str],
        *,
        mode: str = "ammon",
        receipts: bool = False,
    ) -> tuple[Hit, ...]:
        """These passages as the question's own search tells of them, wherever it ranks them, in
        the order given.

        Each of `passages` is an id; a document's id or source stands for its first passage. Raises:
        as `search`; DocumentNotFound.
        """
        check_question(question, 1)
        asked = self._modes.traced(mode)
        numbers = [passages_named(self._snapshot, key)[0] for key in checked_keys(passages)]
        (vectors,) = self._embedder.embed(asked, [question])
        trace = asked.trace(question, vectors)
        hits = self._hits.hits(
            np.array(numbers, dtype=np.int32),
            np.array([trace.score(number) for number in numbers], dtype=np.float32),
            vectors,
            [trace.receipt(number) for number in numbers] if receipts else None,
        )
        return tuple(
            replace(hit, rank=trace.rank(number)) for hit, number in zip(hits, numbers, strict=True)
        )

    def _nothing(self, question: str, mode: str) -> Retrieval:
        """The answer of a collection without passages."""
        return Retrieval(
            question=question,
            collection=self._snapshot.collection,
            revision=self._snapshot.revision,
            mode=mode,
            hits=(),
            explanation=Explanation(notes=(NO_PASSAGES,)),
            timings={"embedding": 0.0, "retrieval": 0.0},
        )

    def receipts(
        self,
        question: str,
        *,
        mode: str = "ammon",
        k: int = 1,
        passages: Iterable[str] | None = None,
    ) -> tuple[Receipt, ...]:
        """Why passages are where they are: those of `passages`, or of None the k best.

        Each of `passages` is a passage's id, or a document's id or source, which stands for the
        best passage of it. Raises: as `search`; DocumentNotFound.
        """
        check_question(question, k)
        asked = self._modes.traced(mode)
        keys = [] if passages is None else checked_keys(passages)
        named = [passages_named(self._snapshot, key) for key in keys]
        if not len(self._snapshot.passages.id):
            return ()
        trace = self._trace(asked, question)
        best = [trace.first_of(numbers) for numbers in named]
        return tuple(trace.receipt(one) for one in best or trace.best(k).tolist())

    def counterfactual(
        self,
        question: str,
        passage: str,
        *,
        mode: str = "ammon",
        without_entity: str = "",
        without_passage: str = "",
        without_fact: str = "",
    ) -> Counterfactual:
        """Where a passage would stand without one entity, passage or fact; give one of the three.

        An entity is given by its name, `passage` and `without_passage` as in `receipts` (of a
        document those passages are left out that no other one holds), a fact by its id or by its
        three parts with dashes between them. Raises: InputError, NotFound, ModelError.
        """
        check_question(question, 1)
        left_out = LeftOut(
            entity=check_name("What is left out", without_entity),
            passage=check_name("What is left out", without_passage),
            fact=check_name("What is left out", without_fact),
        )
        asked = self._modes.traced(mode)
        return compared(
            asked,
            self._snapshot,
            check_name("A passage", passage),
            left_out,
            lambda changed: self._trace(changed, question),
        )

    def _trace(self, mode: Traced, question: str) -> Trace:
        (vectors,) = self._embedder.embed(mode, [question])
        return mode.trace(question, vectors)

    @cached_property
    def _hits(self) -> "HitReader":
        """What tells of passages that were found."""
        from retrieval.hits import HitReader  # numba: what asks nothing does not load it

        return HitReader(self._snapshot, self._modes.copies)
