"""The port to leases that have a name: for what only one may do at a time, in all processes."""

from collections.abc import Iterable, Mapping
from typing import Protocol


class Leases(Protocol):
    """Part of `kg.jobs.JobQueue`."""

    def hold(self, name: str, *, worker: str, seconds: float) -> bool:
        """Take, or extend, the named lease: for what only one may do at a time, in all processes.

        True if the worker has it now, for so long from now; False if somebody else has it.
        """
        ...

    def take(self, names: Iterable[str], *, worker: str, seconds: float) -> Mapping[str, int]:
        """Take, or extend, as `hold` does, those of the named leases that nobody else has, in one
        transaction; return how often each has run out in somebody's hands since it was let go."""
        ...

    def put_back(self, names: Iterable[str], *, worker: str) -> None:
        """Give back those named leases that the worker has; how often they ran out stays known."""
        ...

    def let_go(self, *names: str, worker: str) -> None:
        """Give back those named leases that the worker has, and be done with them."""
        ...
