"""Dynamic batching: questions that arrive while others are being embedded are embedded together.

No question waits for others to arrive: if nothing is in progress, it is embedded at once. Questions
that arrive meanwhile are queued, and all of the queue goes next, in one batch.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from threading import Event, Lock
from typing import Generic, TypeVar

import numpy as np

from inference.embedder import QUESTIONS, Bundle, Embedder, Kind, Progress, Vectors
from inference.wrapper import EmbedderWrapper
from kg.errors import ModelUnavailable

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

MOST = 64
"""Texts of questions in one batch; further ones in the queue go with the next."""

_MOST_FAILED = 3
"""After so many calls of a batch in a row have also failed alone, the others are not tried."""


@dataclass(slots=True)
class _Call(Generic[_Item, _Result]):
    items: Sequence[_Item]
    turn: Event = field(default_factory=Event)
    """Set when there are results, or when this call is to do the work next."""
    leads: bool = False
    results: Sequence[_Result] | None = None
    error: Exception | None = None


class DynamicBatcher(Generic[_Item, _Result]):
    """Works on the items of several threads' calls at once, with no thread of its own.

    A caller that finds a free lane works at once, for itself alone. It then passes the lane to the
    first caller that arrived in the meantime, which works for all those waiting by then.
    """

    def __init__(
        self, work: Callable[[Sequence[_Item]], Sequence[_Result]], *, lanes: int, most: int = MOST
    ) -> None:
        """`work` returns a result for each item. `lanes`: how many batches may run at once."""
        self._work = work
        self._free = lanes
        self._most = most
        self._lock = Lock()
        self._waiting: deque[_Call[_Item, _Result]] = deque()

    def __call__(self, items: Sequence[_Item]) -> Sequence[_Result]:
        """The results for some items, in order.

        Raises: what `work` raises for these items alone; ModelUnavailable for a whole batch.
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
        # There are none if the thread that worked for the batch was killed meanwhile.
        return call.results if call.results is not None else self._work(items)

    def _lead(self, call: _Call[_Item, _Result]) -> None:
        """Work for a call and for those queued behind it."""
        batch = self._with_others(call)
        try:
            self._work_for(batch)
        finally:
            self._hand_over()
            for one in batch:
                one.turn.set()

    def _work_for(self, batch: list[_Call[_Item, _Result]]) -> None:
        """Give each call its results or its error."""
        try:
            results = self._work([item for one in batch for item in one.items])
            start = 0
            for one in batch:
                one.results = results[start : start + len(one.items)]
                start += len(one.items)
        except ModelUnavailable as error:  # concerns all: to retry each alone would take as long
            for one in batch:
                one.error = _again(error)
        except Exception as error:  # of any kind: retried alone, only the call at fault fails again
            if len(batch) == 1:
                batch[0].error = error
            else:
                self._work_for_each(batch)

    def _work_for_each(self, batch: list[_Call[_Item, _Result]]) -> None:
        failed = 0
        for one, before in zip(batch, [batch[0], *batch], strict=False):
            if failed == _MOST_FAILED:  # then the fault is not in the items
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
    """A copy of the error for another thread: raising an error adds to its traceback."""
    same = ModelUnavailable(str(error), permanent=error.permanent)
    same.__cause__ = error
    return same


class BatchingEmbedder(EmbedderWrapper):
    """Wraps an embedder: questions are batched, everything else goes straight through."""

    def __init__(self, embedder: Embedder, *, lanes: int = 1) -> None:
        """`lanes`: how many batches of questions may run at once."""
        super().__init__(embedder)
        embed = super().embed_bundles
        self._batchers: dict[Kind, DynamicBatcher[Bundle, Vectors]] = {
            kind: DynamicBatcher(partial(embed, kind=kind), lanes=lanes) for kind in QUESTIONS
        }

    def embed(self, texts: Sequence[str], kind: Kind, progress: Progress | None = None) -> Vectors:
        if kind not in self._batchers or not texts:
            return super().embed(texts, kind, progress)
        found = self.embed_bundles([Bundle(text=text) for text in texts], kind)
        if progress is not None:
            progress(len(texts))
        return np.concatenate(found)

    def embed_bundles(self, bundles: Sequence[Bundle], kind: Kind) -> list[Vectors]:
        """See `inference.embedder.BundleEmbedder`."""
        batcher = self._batchers.get(kind)
        return list(batcher(bundles)) if batcher else super().embed_bundles(bundles, kind)
