"""Questions that come while others are being embedded are embedded together.

Nobody waits for company: where nothing is under way a question is embedded at once. Whoever comes
while that lasts is put in a line, and all of the line go next, in one batch.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from threading import Event, Lock
from typing import Generic, TypeVar

import numpy as np

from inference.embedder import QUESTIONS, Bundle, Embedder, Kind, Progress, Vectors
from inference.wrapped import WrappedEmbedder
from kg.errors import ModelUnavailable

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

MOST = 64
"""Texts of questions in one batch; the others of the line go with the next."""

_MOST_FAILED = 3
"""Calls of a batch in a row that fail alone, too, before the others are not tried any more."""


@dataclass(slots=True)
class _Call(Generic[_Item, _Result]):
    items: Sequence[_Item]
    turn: Event = field(default_factory=Event)
    """Set when there are results, or when it is this call that works next."""
    leads: bool = False
    results: Sequence[_Result] | None = None
    error: Exception | None = None


class Line(Generic[_Item, _Result]):
    """Works on the items of several threads' calls at once, with no thread of its own.

    A caller that finds a free lane works, for itself alone, and then passes the lane to the first
    caller that arrived in the meantime, which works for all those waiting by then.
    """

    def __init__(
        self, work: Callable[[Sequence[_Item]], Sequence[_Result]], *, lanes: int, most: int = MOST
    ) -> None:
        """`work` gives a result for each item. `lanes`: batches under way at once."""
        self._work = work
        self._free = lanes
        self._most = most
        self._lock = Lock()
        self._waiting: deque[_Call[_Item, _Result]] = deque()

    def __call__(self, items: Sequence[_Item]) -> Sequence[_Result]:
        """The results for some items, in order.

        Raises: what `work` raises for them alone; ModelUnavailable for all that went together.
        """
        call = _Call[_Item, _Result](items)
        with self._lock:
            if self._free:
                self._free -= 1
                call.leads = True
            else:
                self._waiting.append(call)
        if not call.leads:
            call.turn.wait()
        if call.leads:
            self._lead(call)
        if call.error is not None:
            raise call.error
        # There are none where who worked for all was ended in the middle of it.
        return call.results if call.results is not None else self._work(items)

    def _lead(self, call: _Call[_Item, _Result]) -> None:
        """Work for a call and for those behind it."""
        batch = self._with_others(call)
        try:
            self._work_for(batch)
        finally:
            self._hand_over()
            for one in batch:
                one.turn.set()

    def _work_for(self, batch: list[_Call[_Item, _Result]]) -> None:
        """Give each its results or its error."""
        try:
            results = self._work([item for one in batch for item in one.items])
            start = 0
            for one in batch:
                one.results = results[start : start + len(one.items)]
                start += len(one.items)
        except ModelUnavailable as error:  # for none of them: to ask for each would take as long
            for one in batch:
                one.error = _again(error)
        except Exception as error:  # of whatever kind: alone, only whose it is meets it again
            if len(batch) == 1:
                batch[0].error = error
            else:
                self._work_for_each(batch)

    def _work_for_each(self, batch: list[_Call[_Item, _Result]]) -> None:
        failed = 0
        for one, before in zip(batch, [batch[0], *batch], strict=False):
            if failed == _MOST_FAILED:  # then it is not what was asked that is at fault
                one.error = before.error
                continue
            self._work_for([one])
            failed = failed + 1 if one.error else 0

    def _with_others(self, call: _Call[_Item, _Result]) -> list[_Call[_Item, _Result]]:
        batch, texts = [call], len(call.items)
        with self._lock:
            while self._waiting and texts + len(self._waiting[0].items) <= self._most:
                batch.append(self._waiting.popleft())
                texts += len(batch[-1].items)
        return batch

    def _hand_over(self) -> None:
        with self._lock:
            if not self._waiting:
                self._free += 1
                return
            following = self._waiting.popleft()
            following.leads = True
        following.turn.set()


def _again(error: ModelUnavailable) -> ModelUnavailable:
    """The same error for another thread: raising one puts down where."""
    same = ModelUnavailable(str(error), permanent=error.permanent)
    same.__cause__ = error
    return same


class TogetherEmbedder(WrappedEmbedder):
    """Another embedder whose questions are embedded together; all else goes straight through."""

    def __init__(self, embedder: Embedder, *, lanes: int = 1) -> None:
        """`lanes`: how many batches of questions may be under way at once."""
        super().__init__(embedder)
        embed = super().embed_bundles
        self._lines: dict[Kind, Line[Bundle, Vectors]] = {
            kind: Line(partial(embed, kind=kind), lanes=lanes) for kind in QUESTIONS
        }

    def embed(self, texts: Sequence[str], kind: Kind, progress: Progress | None = None) -> Vectors:
        if kind not in self._lines or not texts:
            return super().embed(texts, kind, progress)
        found = self.embed_bundles([Bundle(text=text) for text in texts], kind)
        if progress is not None:
            progress(len(texts))
        return np.concatenate(found)

    def embed_bundles(self, bundles: Sequence[Bundle], kind: Kind) -> list[Vectors]:
        """See `inference.embedder.BundleEmbedder`."""
        line = self._lines.get(kind)
        return list(line(bundles)) if line else super().embed_bundles(bundles, kind)
