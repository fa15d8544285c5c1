"""Collections whose model is out of reach rest, for all workers alike."""

import time
import uuid
from collections.abc import Mapping

from indexer.outages import LONGEST_PAUSE, Outages
from kg.leases import Leases

_BELIEVED = 2.0
"""Seconds for which a process does not ask again whether a collection rests."""


class Rest:
    """Which collections are to be left alone at present: a named lease that nobody gives back.
    Safe for several threads and processes."""

    def __init__(self, leases: Leases) -> None:
        """Keep what is at rest as leases, for all processes."""
        self._leases = leases
        self._outages = Outages()
        self._name = f"rest/{uuid.uuid4().hex}"
        self._known: dict[str, tuple[float, str]] = {}
        """Collections that rest as far as this process knows, until when it believes that, and
        why."""

    def begin(self, collection: str, reason: str) -> None:
        """Let it rest, longer each time."""
        strikes = self._outages.strike(collection, reason)
        seconds = min(2.0 ** min(strikes - 1, 10), LONGEST_PAUSE)
        self._leases.hold(_lease(collection), worker=self._name, seconds=seconds)
        self._known[collection] = (time.monotonic() + seconds, reason)

    def over(self, collection: str) -> None:
        """Its model answers."""
        self._outages.over(collection)
        self._known.pop(collection, None)

    def lasts(self, collection: str) -> bool:
        """Whether it is to be left alone."""
        probe = f"{self._name}/probe"
        if not self._leases.hold(_lease(collection), worker=probe, seconds=0.0):
            self._known[collection] = (time.monotonic() + _BELIEVED, "")
            return True
        self._leases.let_go(_lease(collection), worker=probe)
        return False

    def known(self) -> Mapping[str, str]:
        """The collections that rest, as far as this process has heard, and why ('' if it has not
        heard that)."""
        now = time.monotonic()
        return {name: why for name, (until, why) in list(self._known.items()) if until > now}


def _lease(collection: str) -> str:
    return f"rest {collection}"
