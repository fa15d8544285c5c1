"""What is left alone for a while: collections whose model is out of reach, by all workers; and by
one worker, what it alone cannot do.

Where a collection is read for by others, or where a failure is a worker's own (a wrong key, a
package that is missing), the others go on: that worker says what it refuses, hands it back, and
tries again later.
"""

import time
import uuid
from collections.abc import Mapping, Set
from contextlib import suppress
from typing import get_args

from indexer.ingestion.ingester import SETUP_ERRORS
from indexer.outages import LONGEST_PAUSE, Outages
from indexer.refusals import Refusals, RefusedStep
from kg.errors import AmmonError, ModelUnavailable, StoreUnavailable
from kg.leases import Leases

_ALONE: Set[RefusedStep] = frozenset({"embed", "publish"})
"""What holds up no document: each worker that fails at it says so, whosever fault it is."""
_BELIEVED = 2.0
"""Seconds for which a process does not ask again whether a collection is paused."""
_WELL_SECONDS = 900.0
"""For how long others go by it that a worker's model answered; slow ones take minutes."""
_WELL_AGAIN = 60.0
"""Seconds after which that is told again."""


class Pauses:
    """What is to be left alone at present: named leases that nobody gives back. Safe for several
    threads; one a process."""

    def __init__(self, leases: Leases, worker: str) -> None:
        """Keep pauses as leases, for all processes; `worker` is this one's name."""
        self._leases = leases
        self._worker = worker
        self._outages: Mapping[RefusedStep, Outages] = {
            kind: Outages(told=kind not in _ALONE) for kind in get_args(RefusedStep)
        }
        self._refusals = Refusals(leases, worker)
        self._name = f"rest/{uuid.uuid4().hex}"
        self._known: dict[str, tuple[float, str]] = {}
        """Paused collections as far as this process knows, until when it believes that, and why."""
        self._well: dict[str, float] = {}
        """Collection -> when it was told that its model answers."""

    def begin(self, collection: str, kind: RefusedStep, error: AmmonError | OSError) -> bool:
        """Leave it alone, longer each time; return whether that is this worker's affair alone."""
        strikes = self._outages[kind].strike(collection, str(error))
        seconds = min(2.0 ** min(strikes - 1, 10), LONGEST_PAUSE)
        if kind == "extract" and self._well.pop(collection, None) is not None:
            self._leases.let_go(_well(collection), worker=self._worker)
        own = kind in _ALONE or (is_own(error) and strikes > 1)
        if own or self.others_do_well(collection):
            self._refusals.begin(collection, kind, str(error), seconds)
            return True
        self._leases.hold(_lease(collection), worker=self._name, seconds=seconds)
        self._known[collection] = (time.monotonic() + seconds, str(error))
        return False

    def end(self, collection: str, kind: RefusedStep) -> None:
        """It can be done again; if it is reading, others may know."""
        self._outages[kind].over(collection)
        self._refusals.end(collection, kind)
        if kind != "extract":
            return
        self._known.pop(collection, None)
        now = time.monotonic()
        if now - self._well.get(collection, -_WELL_AGAIN) >= _WELL_AGAIN:
            with suppress(StoreUnavailable):  # what was answered is to be counted all the same
                self._leases.hold(_well(collection), worker=self._worker, seconds=_WELL_SECONDS)
                self._well[collection] = now

    def close(self) -> None:
        """Say of nothing any more that this worker refuses it. Raises: StoreUnavailable."""
        self._refusals.end_all()

    def is_paused(self, collection: str) -> bool:
        """Whether all are to leave it alone."""
        probe = f"{self._name}/probe"
        if not self._leases.hold(_lease(collection), worker=probe, seconds=0.0):
            self._known[collection] = (time.monotonic() + _BELIEVED, "")
            return True
        self._leases.let_go(_lease(collection), worker=probe)
        return False

    def known(self) -> Mapping[str, str]:
        """The paused collections, as far as this process has heard, and why ('' if it has not
        heard that)."""
        now = time.monotonic()
        return {name: why for name, (until, why) in list(self._known.items()) if until > now}

    def refused(self, kind: RefusedStep) -> Set[str]:
        """The collections for which this worker does not do that."""
        return self._refusals.collections(kind)

    def why_refused(self, collection: str, kind: RefusedStep) -> str:
        """Why this worker does not do that; '' if it does."""
        return self._refusals.why(collection, kind)

    def others_do_well(self, collection: str) -> bool:
        """Whether the collection's model has answered another worker lately."""
        name = _well(collection)
        return self._leases.held(name).get(name, self._worker) != self._worker


def is_own(error: AmmonError | OSError) -> bool:
    """Whether an error tells of this worker's settings, installation or disk, not of a model that
    is away for all."""
    if isinstance(error, ModelUnavailable):
        return error.permanent
    return isinstance(error, (OSError, *SETUP_ERRORS))


def _lease(collection: str) -> str:
    return f"rest {collection}"


def _well(collection: str) -> str:
    return f"well {collection}"
