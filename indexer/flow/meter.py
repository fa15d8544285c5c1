"""The port for metrics of workers."""

from typing import Protocol

from indexer.flow.broker import Step


class Meter(Protocol):
    """Counts what a worker does. Safe for several threads."""

    def step(self, step: Step, seconds: float, *, failed: bool) -> None:
        """A step was taken, or ended in an error."""
        ...

    def documents(self, *, done: int, failed: int) -> None:
        """Documents that came into the graph, and that never will."""
        ...

    def passage(self, *, input_tokens: int, output_tokens: int, failed: bool) -> None:
        """A passage was extracted, or is in quarantine."""
        ...


class NoMeter:
    """Counts nothing."""

    def step(self, step: Step, seconds: float, *, failed: bool) -> None: ...

    def documents(self, *, done: int, failed: int) -> None: ...

    def passage(self, *, input_tokens: int, output_tokens: int, failed: bool) -> None: ...
