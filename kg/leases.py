"""The port for named leases: mutual exclusion across all processes and machines."""

from collections.abc import Iterable, Mapping
from typing import Protocol


class Leases(Protocol):
    """Whoever holds a name alone does what it stands for, as long as it is held."""

    def hold(self, name: str, *, worker: str, seconds: float) -> bool:
        """Acquire or extend the named lease.

        Returns True if the worker now holds it, for `seconds` from now; False if another worker
        holds it.
        """
        ...

    def take(self, names: Iterable[str], *, worker: str, seconds: float) -> Mapping[str, int]:
        """Acquire or extend, as `hold` does, those of the named leases that no other worker holds,
        in one transaction; return for each how often it has expired while held since it was last
        released."""
        ...

    def held(self, beginning: str) -> Mapping[str, str]:
        """Name -> worker, of the leases that are held at present and whose names begin so; it takes
        no longer for others."""
        ...

    def put_back(self, names: Iterable[str], *, worker: str) -> None:
        """Release those of the named leases that the worker holds; their counts of expiries are
        kept."""
        ...

    def let_go(self, *names: str, worker: str) -> None:
        """Release those of the named leases that the worker holds, and forget their counts of
        expiries."""
        ...

    def prune_leases(self, *, seconds: float) -> int:
        """Delete the named leases that nobody has held for `seconds`, as those of dead workers,
        with their counts of expiries; return how many."""
        ...
