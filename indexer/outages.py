"""Unavailable models: which collections' tasks are paused, and for how long."""

import time
from collections.abc import Set
from threading import Lock

import structlog

LONGEST_PAUSE = 30.0
"""Seconds between two attempts to reach a model, at most."""
_DOUBLINGS = 10
"""Beyond these the pause is at its longest anyway."""

_log = structlog.get_logger(__name__)


class Outages:
    """What the threads of a worker know together: a collection whose model cannot be had rests,
    longer each time, and holds up no other. Safe for several threads."""

    def __init__(self, *, told: bool = True) -> None:
        """`told`: whether their beginnings and ends are logged."""
        self._told = told
        self._strikes: dict[str, int] = {}
        self._until: dict[str, float] = {}
        self._lock = Lock()

    def resting(self) -> Set[str]:
        """The collections that are paused at present."""
        now = time.monotonic()
        with self._lock:
            return {name for name, until in self._until.items() if until > now}

    def strike(self, collection: str, reason: str) -> int:
        """Pause a collection; return how often in a row its model was unavailable. Simultaneous
        failures in several threads count once. The first one is logged."""
        now = time.monotonic()
        with self._lock:
            strikes = self._strikes.get(collection, 0)
            if self._until.get(collection, now) > now:
                return strikes
            pause = min(2.0 ** min(strikes, _DOUBLINGS), LONGEST_PAUSE)
            self._strikes[collection] = strikes + 1
            self._until[collection] = now + pause
        if not strikes and self._told:
            _log.warning("documents wait and will be retried", collection=collection, reason=reason)
        return strikes + 1

    def over(self, collection: str) -> None:
        """Its model answers."""
        with self._lock:
            self._until.pop(collection, None)
            known = self._strikes.pop(collection, 0)
        if known and self._told:
            _log.info("documents are processed again", collection=collection)
