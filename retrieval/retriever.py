"""Asking one snapshot: a question in, passages with citations out."""

import time
from threading import Lock
from typing import cast

import numpy as np
import numpy.typing as npt

from inference.embedder import Embedder, Kind
from kg.errors import InputError, SnapshotError
from kg.snapshot import Snapshot
from retrieval.citations import citations
from retrieval.mode import Mode, Ranking
from retrieval.modes import make_mode
from retrieval.results import Explanation, Hit, Retrieval

NO_PASSAGES = "This collection has no passages yet: ingest a document first."


class Retriever:
    """Answers questions over one snapshot, for several threads at once."""

    def __init__(self, snapshot: Snapshot, embedder: Embedder) -> None:
        """Take a snapshot and the embedder that it was made with; modes are made when asked for.

        Raises: SnapshotError if it was made with another one.
        """
        if snapshot.embedder != embedder.model_id:
            raise SnapshotError(
                f"The snapshot of {snapshot.collection!r}, revision {snapshot.revision}, was made "
                f"with the embedder {snapshot.embedder!r}; questions cannot be compared with it by "
                f"{embedder.model_id!r}. Ask with the first, or build a snapshot with the second "
                "(ammon rebuild)."
            )
        self._snapshot = snapshot
        self._embedder = embedder
        self._modes: dict[str, Mode] = {}
        self._lock = Lock()

    @property
    def snapshot(self) -> Snapshot:
        """What is asked."""
        return self._snapshot

    def search(self, question: str, *, mode: str = "ammon", k: int = 10) -> Retrieval:
        """The k best passages for a question (fewer if the collection has fewer).

        Raises: InputError for a blank question, an unknown mode or k < 1; ModelError.
        """
        if not question.strip():
            raise InputError("The question is empty: ask something.")
        if k < 1:
            raise InputError(f"k = {k} asks for no passage: give 1 or more.")
        asked = self._mode(mode)
        passages = len(self._snapshot.passages.id)
        timings = {"embedding": 0.0, "retrieval": 0.0}
        nothing = np.zeros(0, dtype=np.float32)
        found = Ranking(
            passages=nothing.astype(np.int32),
            scores=nothing,
            explanation=Explanation(notes=(NO_PASSAGES,)),
        )
        if passages:
            started = time.perf_counter()
            vectors = self._embed(asked.texts(question))
            embedded = time.perf_counter()
            found = asked.rank(question, vectors, min(k, passages))
            ranked = time.perf_counter()
            timings = {
                "embedding": 1000 * (embedded - started),
                "retrieval": 1000 * (ranked - embedded),
            }
        return Retrieval(
            question=question,
            collection=self._snapshot.collection,
            revision=self._snapshot.revision,
            mode=mode,
            hits=self._hits(found, k),
            explanation=found.explanation,
            timings=timings,
        )

    def _mode(self, name: str) -> Mode:
        """The mode of that name, made once; those that are made already do not wait."""
        made = self._modes.get(name)
        if made is None:
            with self._lock:
                made = self._modes.get(name) or make_mode(name, self._snapshot)
                self._modes[name] = made
        return made

    def _embed(self, texts: list[tuple[str, str]]) -> npt.NDArray[np.float32]:
        """Embed (text, kind) pairs, one batch for each kind: (n, d), in the order given."""
        vectors = np.zeros((len(texts), self._embedder.dimension), dtype=np.float32)
        for kind in dict.fromkeys(kind for _, kind in texts):
            rows = [row for row, text in enumerate(texts) if text[1] == kind]
            vectors[rows] = self._embedder.embed([texts[row][0] for row in rows], cast(Kind, kind))
        return vectors

    def _hits(self, found: Ranking, k: int) -> tuple[Hit, ...]:
        table = self._snapshot.passages
        best = zip(found.passages[:k].tolist(), found.scores[:k].tolist(), strict=True)
        return tuple(
            Hit(
                rank=rank,
                score=score,
                passage_id=table.id[passage],
                title=table.title[passage],
                heading=table.heading[passage],
                text=table.text[passage],
                citations=citations(self._snapshot, passage),
            )
            for rank, (passage, score) in enumerate(best, 1)
        )
