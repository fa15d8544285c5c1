"""What every step works with."""

import math
import time
from dataclasses import dataclass, field
from threading import Event

from indexer.flow.broker import Broker
from indexer.flow.meter import Meter
from indexer.pipeline import Pipeline
from indexer.process import worker_name
from kg.errors import AmmonError, CacheUnavailable, StoreError, StoreOverloaded, StoreUnavailable
from kg.fail_fast import failing_fast
from kg.queue import JobQueue
from kg.store import GraphStore


@dataclass(frozen=True, kw_only=True, slots=True)
class Times:
    """How patient workers are with one another, all in seconds."""

    lease: float = 60.0
    """After which documents of a worker that died on another machine are taken by others."""
    hold: float = 20.0
    """After which a passage, a publication or the broom of such a worker is."""
    resend: float = 15.0
    """After which messages that nobody has are sent again. One that somebody has comes twice then,
    and costs a look into the store."""
    sweep: float = 5.0
    """Between two looks at what was left lying."""
    settle: float = 30.0
    """After the store was away: before anything is begun. Whoever was paid an answer meanwhile, and
    lost the passage's lease, brings it in first."""
    message: float = 600.0
    """After which nothing more of a message's work is begun: the rest is sent anew. A broker may
    have patience for no more than half an hour, and what was begun may take some of it."""
    refuse: float = 1.0
    """For which a message is kept that this worker leaves to others."""
    publish: float = 10.0
    """Between two snapshots of a collection while documents keep coming, at least."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tools:
    """What every step works with. Safe for several threads."""

    pipeline: Pipeline
    broker: Broker
    meter: Meter
    times: Times = Times()
    name: str = field(default_factory=worker_name)
    """This process, as holder of leases."""
    stop: Event = field(default_factory=Event)
    """Set when the process is to end."""
    _unsettled: list[float] = field(default_factory=lambda: [-math.inf])
    """Until when nothing is to be begun (`time.monotonic`)."""

    def heed(self, error: AmmonError | OSError) -> None:
        """Begin nothing for a while if the store was away."""
        if _tells_of_absence(error):
            self._unsettled[0] = time.monotonic() + self.times.settle

    def tells_of(self, error: AmmonError | OSError) -> bool:
        """Whether others can be told of an error: not if the store is away. (One that cannot be
        written to may be read.)"""
        if not _tells_of_absence(error):
            return True
        try:
            with failing_fast():
                self.store.probe()
        except StoreError:
            return False
        return True

    @property
    def begins(self) -> bool:
        """Whether anything new is to be begun."""
        return not self.stop.is_set() and time.monotonic() > self._unsettled[0]

    @property
    def store(self) -> GraphStore:
        """The truth."""
        return self.pipeline.store

    @property
    def queue(self) -> JobQueue:
        """The documents on their way."""
        return self.pipeline.queue


def _tells_of_absence(error: AmmonError | OSError) -> bool:
    """Whether the store may be away: one that has too much to do is there, and a cache is not the
    store."""
    return isinstance(error, StoreUnavailable) and not isinstance(
        error, (StoreOverloaded, CacheUnavailable)
    )
