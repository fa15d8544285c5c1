"""A broker in memory, whose messages tests deliver, drop and double."""

import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from indexer.flow.broker import QUEUE_OF, Queue, Step
from indexer.flow.flow import Flow
from kg.records import JSON


@dataclass(kw_only=True)
class MemoryBroker:
    """`indexer.flow.broker.Broker`; messages go through JSON, as they do in earnest."""

    away: bool = False
    waiting: deque[tuple[Step, str]] = field(default_factory=deque)
    sent: list[tuple[Step, dict[str, Any]]] = field(default_factory=list)
    """All that was ever sent."""

    def send(self, step: Step, message: Mapping[str, JSON]) -> bool:
        if self.away:
            return False
        text = json.dumps(dict(message))
        self.waiting.append((step, text))
        self.sent.append((step, json.loads(text)))
        return True

    def depth(self, queue: Queue) -> int | None:
        return None if self.away else sum(QUEUE_OF[step] == queue for step, _ in self.waiting)

    def close(self) -> None: ...

    def steps(self) -> list[Step]:
        """What the messages that wait ask for."""
        return [step for step, _ in self.waiting]

    def deliver_one(self, flow: Flow) -> None:
        """Hand on what has waited longest, if anything waits, or if the process hands it back."""
        if not self.waiting:
            flow.refusing.join()
        if self.waiting:
            step, text = self.waiting.popleft()
            flow.take(step, json.loads(text))

    def deliver(self, flow: Flow, times: Callable[[Step], int] = lambda step: 1) -> None:
        """Hand on all that waits, what that brings about, and what the process hands back; each so
        many times."""
        while self.waiting:
            while self.waiting:
                step, text = self.waiting.popleft()
                for _ in range(times(step)):
                    flow.take(step, json.loads(text))
            flow.refusing.join()
