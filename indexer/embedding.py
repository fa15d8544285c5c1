"""Embedding a table's texts, but for those whose vectors an earlier build has."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.merge import Merge
from indexer.progress import ReportProgress, StepProgress
from inference.embedder import Embedder, Kind

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
        old: npt.NDArray[Any],
        text: Callable[[int], str],
        kind: Kind,
    ) -> npt.NDArray[Any]:
        """The vectors of a table: (n, d), of the dtype of `old`.

        merge: which rows of `old` are kept. text: what the row of a number says.
        Raises: ModelError.
        """
        texts = [text(number) for number in merge.fresh]
        if not texts:
            made = np.zeros((0, self._embedder.dimension), dtype=old.dtype)
            return merge.take(old, made)
        done = 0

        def advance(count: int) -> None:
            nonlocal done
            done += count
            self._progress(StepProgress(step=_STEPS[kind], done=done, total=len(texts)))

        made = self._embedder.embed(texts, kind, advance).astype(old.dtype, copy=False)
        return merge.take(old, made)
