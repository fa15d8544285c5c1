"""One run of a mode, kept to explain why passages rank where they do."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from kg.snapshot import Snapshot
from kg.snapshot.tables import Float32Array, Int32Array
from retrieval.citations import name_of, source_of
from retrieval.copies import Copies
from retrieval.mode import Mode, Ranking
from retrieval.quoting import best_quote, sentences_of
from retrieval.ranking import best_of
from retrieval.receipt import BridgePart, DirectPart, Receipt
from retrieval.results import Explanation

COPY = (
    "The same text is also in {name!r}, with a score of {score:.3g}: an answer shows that one, and "
    "the rank is the text's."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """A mode's account of one passage (see `Receipt`), unordered."""

    direct: tuple[DirectPart, ...] = ()
    bridges: tuple[BridgePart, ...] = ()
    notes: tuple[str, ...] = ()


class Trace(ABC):
    """One run of a mode for a question."""

    def __init__(
        self,
        mode: str,
        snapshot: Snapshot,
        copies: Copies,
        passages: Int32Array,
        scores: Float32Array,
    ) -> None:
        """`passages` are the best passages, best first; `scores` (P,) those of all."""
        self.mode = mode
        self.snapshot = snapshot
        self._copies = copies
        self._score = scores
        self._rank = np.zeros(len(snapshot.passages.id), dtype=np.int64)
        self._order(passages)

    def _order(self, passages: Int32Array) -> None:
        self._passages = passages[self._copies.distinct(passages)] if self._copies.any else passages
        self._rank[self._passages] = np.arange(1, len(self._passages) + 1)
        self._copies.share(self._rank)

    def _all(self) -> Int32Array:
        """All passages, best first; called if those known are not enough."""
        return self._passages

    def best(self, k: int) -> Int32Array:
        """The k best passages of different texts, best first; fewer if there are fewer."""
        if k > len(self._passages):
            self._order(self._all())
        return self._passages[:k]

    def rank(self, passage: int) -> int:
        """The rank of a passage's text, from 1; 0 if the passage is left out of the corpus."""
        if not self._rank[passage]:
            self._order(self._all())
        return int(self._rank[passage])

    def first_of(self, passages: Sequence[int]) -> int:
        """The one of these that ranks first; of one text's passages the best."""

        def place(passage: int) -> tuple[int, bool]:
            rank = self.rank(passage) or len(self._rank) + 1
            return rank, passage not in self._passages[rank - 1 : rank]

        return min(passages, key=place)

    def score(self, passage: int) -> float:
        """A passage's score."""
        return float(self._score[passage])

    def receipt(self, passage: int) -> Receipt:
        """Why the passage with that number ranks where it does."""
        parts = self._parts(passage)
        return Receipt(
            mode=self.mode,
            passage_id=self.snapshot.passages.id[passage],
            title=self.snapshot.passages.title[passage],
            source=source_of(self.snapshot, passage),
            rank=self.rank(passage),
            score=self.score(passage),
            direct=tuple(sorted(parts.direct, key=lambda part: -part.amount)),
            bridges=tuple(sorted(parts.bridges, key=lambda part: -part.amount)),
            notes=(*self._shown_elsewhere(passage), *parts.notes),
        )

    def _shown(self, passage: int) -> int:
        """The passage that an answer shows for the text of this one."""
        rank = self.rank(passage)
        return int(self._passages[rank - 1]) if rank else passage

    def _shown_elsewhere(self, passage: int) -> tuple[str, ...]:
        """A remark, if an answer shows the passage's text as it is in another one."""
        shown = self._shown(passage)
        if shown == passage:
            return ()
        return (COPY.format(name=name_of(self.snapshot, shown), score=self.score(shown)),)

    def ranking(self, k: int) -> Ranking:
        """The k best passages, as `Mode.rank` returns them."""
        best = self.best(k)
        return Ranking(passages=best, scores=self._score[best], explanation=self._explanation(best))

    @abstractmethod
    def _explanation(self, passages: Int32Array) -> Explanation:
        """What led to these passages, the best ones."""

    @abstractmethod
    def _parts(self, passage: int) -> Parts:
        """The parts of a passage's score."""


class DirectTrace(Trace):
    """A run of a mode that scores each passage directly, not through other passages."""

    def __init__(
        self,
        mode: str,
        snapshot: Snapshot,
        copies: Copies,
        scores: npt.NDArray[np.floating],
        parts: Callable[[int], Sequence[DirectPart]],
        explanation: Explanation | None = None,
    ) -> None:
        """`scores` (P,); `parts` gives those of one passage; `explanation` is of the whole run."""
        passages, _ = best_of(scores, len(scores))
        super().__init__(mode, snapshot, copies, passages, scores.astype(np.float32, copy=False))
        self._direct = parts
        self._explained = explanation or Explanation()

    def _explanation(self, passages: Int32Array) -> Explanation:  # noqa: ARG002
        return self._explained

    def _parts(self, passage: int) -> Parts:
        return Parts(direct=tuple(self._direct(passage)), notes=self._explained.notes)


@runtime_checkable
class Traced(Mode, Protocol):
    """A mode that gives receipts."""

    def trace(self, question: str, vectors: Float32Array) -> Trace:
        """Run for a question; `vectors` as in `retrieval.mode.Mode.rank`."""
        ...


def similarity_part(
    snapshot: Snapshot, passage: int, question: str, vector: Float32Array, amount: float
) -> DirectPart:
    """A passage's part from its own similarity to the question, whose embedding is `vector`
    (d,)."""
    quote = best_quote(snapshot, sentences_of(snapshot, passage), vector)
    return DirectPart(kind="similarity", label=question, amount=amount, quote=quote)
