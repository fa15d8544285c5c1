"""The port for retrieval modes: each ranks the passages of a snapshot for a question."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, cast

import numpy as np
import numpy.typing as npt

from retrieval.results import Explanation


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranking:
    """Passages in order."""

    passages: npt.NDArray[np.int32]
    """Passage numbers, best first; may be shorter than the corpus."""
    scores: npt.NDArray[np.float32]
    """The score of each of `passages`, descending to four decimals: in mode `ammon`, of scores that
    are equal to that precision the better base score comes first."""
    explanation: Explanation = field(default_factory=Explanation)


class Mode(Protocol):
    """One way to rank passages. Made once for a snapshot, then asked by several threads."""

    def texts(self, question: str) -> list[tuple[str, str]]:
        """The texts whose embeddings it needs for a question: (text, kind) pairs, with kinds of
        `inference.embedder.Kind`. They are embedded in one batch before `rank` is called."""
        ...

    def rank(self, question: str, vectors: npt.NDArray[np.float32], k: int) -> Ranking:
        """Rank passages for a question.

        `vectors` are the embeddings of `texts(question)`, in that order, (n, d) float32, unit
        length. At least the k best passages come back (fewer only if the corpus has fewer).
        """
        ...


class Divided(Protocol):
    """An additional method of modes some of whose texts are parts of the first text."""

    def parts(self, question: str) -> Mapping[int, tuple[tuple[int, int], ...]]:
        """Row in `texts(question)` -> its spans (start, end) in the first text. Such rows may be
        embedded in the context of the first text, at almost no cost."""
        ...


def divided(mode: Mode) -> Divided | None:
    """The mode, if some of its texts may be parts of the first."""
    # By the method's name: isinstance() with the protocol takes as long as a step of a walk.
    return cast(Divided, mode) if hasattr(mode, "parts") else None
