"""The port to the broker: messages to other workers, which may be lost, late, or doubled."""

from collections.abc import Collection, Mapping
from typing import Literal, Protocol, TypeAlias, get_args

from kg.records import JSON

Queue: TypeAlias = Literal["urgent", "extract", "embed", "commit"]
Step: TypeAlias = Literal["prepare", "urgent", "extract", "commit", "embed", "publish"]
QUEUES: tuple[Queue, ...] = get_args(Queue)
STEPS: tuple[Step, ...] = get_args(Step)
QUEUE_OF: Mapping[Step, Queue] = {
    "prepare": "commit",
    "urgent": "urgent",  # as `extract`, past what waits there
    "extract": "extract",
    "commit": "commit",
    "embed": "embed",
    "publish": "embed",
}


def served(names: Collection[str]) -> list[Queue]:
    """The queues that a worker takes messages from that was told these names."""
    return [
        queue for queue in QUEUES if queue in names or (queue == "urgent" and "extract" in names)
    ]


class Broker(Protocol):
    """Sends messages. Safe for several threads; an unavailable broker raises nothing."""

    def send(self, step: Step, message: Mapping[str, JSON]) -> bool:
        """Ask some worker to take a step; False if the broker did not take the message."""
        ...

    def depth(self, queue: Queue) -> int | None:
        """Number of messages that no worker has received; None if the broker is unavailable."""
        ...

    def close(self) -> None:
        """Close the connections; a later message opens them again."""
        ...
