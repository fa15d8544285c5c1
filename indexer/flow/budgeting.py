"""What a job may spend, where many workers spend at once.

While there is plenty, they do not wait for one another. When a job's budget might not do for all
that can be under way, its batches go one at a time, so that each sees what the others spent.
"""

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from indexer.extraction.port import Extractor
from indexer.flow.batches import Batch
from indexer.flow.tools import Tools
from indexer.heartbeat import beating
from indexer.spending import affordable, has_plenty, overspent, prices_of
from kg.jobs import UNKNOWN, Prices
from kg.records import Passage

MOST_UNDER_WAY = 256
"""Batches that workers may be at together, all of them."""
_POLL_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class Budgeting:
    """Lets spend what jobs may. Safe for several threads and processes."""

    tools: Tools
    prices: Prices
    """This process's, for jobs without any."""

    def portions(
        self,
        batch: Batch,
        extractor: Extractor,
        passages: Sequence[Passage],
        goes_on: Callable[[], bool],
    ) -> Iterator[tuple[Sequence[Passage], Prices]]:
        """What may be extracted now, a portion at a time, and what it is reckoned with; nothing
        more if work is to end before it is its turn. Documents that there is no money for fail."""
        if not passages:
            return
        queue = self.tools.queue
        if not extractor.paid:
            yield passages, UNKNOWN
            return
        job = queue.account(batch.job)
        prices = prices_of(job, self.prices)
        if has_plenty(job, extractor, passages, prices, times=MOST_UNDER_WAY):
            yield passages, prices
            return
        rest = list(passages)
        with self._alone(batch.job, goes_on) as allowed:
            while rest and allowed:
                job = queue.account(batch.job)
                prices = prices_of(job, self.prices)
                number = affordable(job, extractor, rest, prices)
                if not number:
                    self._fail(batch, rest, overspent(job, prices))
                    return
                yield rest[:number], prices
                rest = rest[number:]

    def _fail(self, batch: Batch, passages: Sequence[Passage], reason: str) -> None:
        lacking = {passage.id for passage in passages}
        for task_id, own in batch.own.items():
            if lacking.intersection(own):
                self.tools.queue.fail(task_id, reason, worker=batch.worker, retry=False)
                self.tools.meter.documents(done=0, failed=1)

    @contextmanager
    def _alone(self, job_id: str, goes_on: Callable[[], bool]) -> Iterator[bool]:
        """Wait to be the only one who spends for this job; False if work is to end meanwhile."""
        queue, seconds = self.tools.queue, self.tools.times.hold
        name, me = f"spend {job_id}", f"{self.tools.name}/{uuid.uuid4().hex}"

        def hold() -> bool:
            return queue.hold(name, worker=me, seconds=seconds)

        while not hold():
            if self.tools.stop.wait(_POLL_SECONDS) or not goes_on():
                yield False
                return
        try:
            with beating(hold, seconds / 4, "lease", failure="could not extend a lease"):
                yield True
        finally:
            queue.let_go(name, worker=me)
