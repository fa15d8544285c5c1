"""What a worker cannot do for a collection, for a while: told to everyone, as named leases in the
store."""

import json
import time
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Literal, TypeAlias

from indexer.outages import LONGEST_PAUSE
from kg.leases import Leases
from kg.validation import as_unicode

RefusedStep: TypeAlias = Literal["prepare", "extract", "embed", "publish"]
"""Of steps that fail alike."""

_SHOWN = 30.0
"""Seconds for which a refusal is told of after its end: the next attempt may take so long."""
_REASON = 500
"""Characters of a reason."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """What a worker does not do for a collection, for the time being."""

    worker: str
    """Its machine and process id."""
    step: str
    reason: str

    def __str__(self) -> str:
        return (
            f"{self.worker} cannot take the step {self.step}, and tries again within "
            f"{LONGEST_PAUSE:g} s: {self.reason}"
        )


class Refusals:
    """What one process refuses. Safe for several threads."""

    def __init__(self, leases: Leases, worker: str) -> None:
        """Refuse nothing yet; `worker` is this process's name."""
        self._leases = leases
        self._worker = worker
        self._told: dict[tuple[str, RefusedStep], tuple[float, str]] = {}
        """What is refused, until when, and the lease that tells so."""

    def begin(self, collection: str, step: RefusedStep, reason: str, seconds: float) -> None:
        """Refuse it for so long, and tell everyone. Raises: StoreUnavailable."""
        lease = _beginning(collection) + json.dumps(
            [step, _named(self._worker), as_unicode(reason)[:_REASON]], ensure_ascii=False
        )
        until, told = self._told.get((collection, step), (0.0, lease))
        if told != lease:
            self._leases.let_go(told, worker=self._worker)
        self._told[collection, step] = (max(until, time.monotonic() + seconds), lease)
        self._leases.hold(lease, worker=self._worker, seconds=seconds + _SHOWN)

    def end(self, collection: str, step: RefusedStep) -> None:
        """It can be done again. Raises: StoreUnavailable, only if it could not be before."""
        if found := self._told.pop((collection, step), None):
            self._leases.let_go(found[1], worker=self._worker)

    def end_all(self) -> None:
        """Tell of nothing any more: the process is to end. Raises: StoreUnavailable."""
        while self._told:
            _, (_, lease) = self._told.popitem()
            self._leases.let_go(lease, worker=self._worker)

    def collections(self, step: RefusedStep) -> Set[str]:
        """The collections for which this process does not do that now."""
        now = time.monotonic()
        return {
            name
            for (name, what), (until, _) in list(self._told.items())
            if what == step and until > now
        }

    def why(self, collection: str, step: RefusedStep) -> str:
        """Why this process does not do that; '' if it does."""
        until_and_lease = self._told.get((collection, step))
        return _refusal(collection, until_and_lease[1]).reason if until_and_lease else ""


def refusals(leases: Leases, collection: str) -> Sequence[Refusal]:
    """What workers refuse to do for a collection. Raises: StoreUnavailable."""
    told = sorted(leases.held(_beginning(collection)))
    return [_refusal(collection, name) for name in told]


def _refusal(collection: str, lease: str) -> Refusal:
    step, worker, reason = json.loads(lease.removeprefix(_beginning(collection)))
    return Refusal(worker=worker, step=step, reason=reason)


def _beginning(collection: str) -> str:
    return f"refuses {json.dumps(collection, ensure_ascii=False)} "


def _named(worker: str) -> str:
    """A worker's machine and process id (see `indexer.process`)."""
    machine, _, rest = worker.partition("/")
    parts = rest.rsplit(":", 3)
    return f"{machine} (process {parts[1]})" if len(parts) == 4 else worker
