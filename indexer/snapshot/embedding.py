"""Embedding a table's texts, but for those whose vectors an earlier build has."""

from collections.abc import Callable

import numpy as np

from indexer.progress import ReportProgress, StepProgress
from indexer.snapshot.merge import Merge
from inference.embedder import Embedder, Kind
from kg.snapshot import Quantised
from kg.vectors import Vectors

_STEPS: dict[Kind, str] = {
    "passage": "embed passages",
    "sentence": "embed sentences",
    "entity": "embed entities",
    "fact": "embed facts",
}


class Embedding:
    """An embedder that reports its progress, and is asked for what is fresh only."""

    def __init__(self, embedder: Embedder, progress: ReportProgress) -> None:
        self._embedder = embedder
        self._progress = progress

    def __call__(
        self,
        merge: Merge,
        old: Vectors,
        text: Callable[[int], str],
        kind: Kind,
    ) -> Vectors:
        """The vectors of a table: (n, d).

        merge: which rows of `old` are kept. text: what the row of a number says.
        Raises: ModelError.
        """
        return merge.take(old, self._fresh(merge, text, kind))

    def rounded(
        self, merge: Merge, old: Quantised, text: Callable[[int], str], kind: Kind
    ) -> Quantised:
        """The same, rounded to bytes."""
        made = Quantised.of(self._fresh(merge, text, kind))
        return Quantised(merge.take(old.values, made.values), merge.take(old.scale, made.scale))

    def _fresh(self, merge: Merge, text: Callable[[int], str], kind: Kind) -> Vectors:
        texts = [text(number) for number in merge.fresh]
        if not texts:
            return np.zeros((0, self._embedder.dimension), dtype=np.float32)
        done = 0

        def advance(count: int) -> None:
            nonlocal done
            done += count
            self._progress(StepProgress(step=_STEPS[kind], done=done, total=len(texts)))

        return self._embedder.embed(texts, kind, advance)
