"""A batch in a worker's hands, and whether to go on with it: it may be cancelled or late, and
something more urgent may wait."""

import time
from collections.abc import Callable, Mapping, Sequence, Set
from contextlib import suppress
from threading import Lock

from indexer.flow.batches import Batch
from indexer.flow.tools import Tools
from inference.chat import Claim
from kg.errors import StoreUnavailable
from kg.fail_fast import failing_fast

LOOK_SECONDS = 1.0
"""Between two looks into the store by those who work on one batch."""


class Undertaking:
    """Tells what of a batch is still to be done. Safe for several threads."""

    def __init__(
        self,
        batch: Batch,
        tools: Tools,
        held: Set[str],
        *,
        urgent: bool = False,
        urgent_waits: Callable[[], bool] = lambda: False,
    ) -> None:
        """`held`: the tasks that the batch's worker has a lease of; `urgent`: whether the batch
        gives way to none; `urgent_waits`: whether there is anything that others give way to."""
        self.batch = batch
        self.tasks_of: Mapping[str, Sequence[str]] = {}
        """Passage id -> the tasks that lack it, of what is to be extracted."""
        self._tools = tools
        self._urgent = urgent
        self._urgent_waits = urgent_waits
        self._held = held
        self._gives_way = not urgent and urgent_waits()
        self._until = time.monotonic() + tools.times.message
        self._due = time.monotonic() + LOOK_SECONDS
        self._lock = Lock()

    @property
    def held(self) -> Set[str]:
        """The tasks that were held when somebody last looked."""
        return self._held

    @property
    def gives_way(self) -> bool:
        """Whether something more urgent waited when somebody last looked."""
        return self._gives_way

    @property
    def postponed(self) -> bool:
        """Whether its rest is for another message."""
        return self._gives_way or time.monotonic() > self._until

    def goes_on(self) -> bool:
        """Whether another passage is to be begun."""
        self._look()
        return not (self._tools.stop.is_set() or self.postponed or not self._held)

    def claim(self, passage_id: str) -> Claim:
        """The terms of a passage's questions: whoever began it finishes it, but for whom?"""
        return Claim(urgent=self._urgent, wanted=lambda: self._wants(passage_id))

    def _wants(self, passage_id: str) -> bool:
        self._look()
        return not self._gives_way and any(
            task_id in self._held for task_id in self.tasks_of[passage_id]
        )

    def _look(self) -> None:
        with self._lock:
            if time.monotonic() < self._due:
                return
            batch, tools = self.batch, self._tools
            # While the store is away nobody can have cancelled anything: nothing has changed. It is
            # not waited for either: others wait for the call's connection.
            with suppress(StoreUnavailable), failing_fast():
                self._held = tools.queue.still_held(list(batch.own), worker=batch.worker)
            self._gives_way = self._gives_way or (not self._urgent and self._urgent_waits())
            self._due = time.monotonic() + LOOK_SECONDS
