"""A limit per minute, of this process or of all that count in one Redis."""

import random
import time
from collections.abc import Callable
from math import inf
from threading import Lock
from typing import TYPE_CHECKING

import structlog

from inference.chat import Claim
from inference.openai_compatible.shared_pace import AWAY_SECONDS
from inference.openai_compatible.turns import LONGEST_NAP, TurnTooLate, check_wanted, reserve_of

if TYPE_CHECKING:
    from limits import RateLimitItem
    from limits.storage import RedisStorage
    from limits.strategies import SlidingWindowCounterRateLimiter

_SHORTEST_NAP = 0.02
_SPARE = 1 / 6
"""For so much of a window what was not used is there for others."""

_log = structlog.get_logger(__name__)


class Rate:
    """A limit per minute on something; 0: no limit."""

    def __init__(self, name: str, amount: int, seconds: int, shared: "RedisStorage | None") -> None:
        self._name = name
        self._amount = amount
        self._reserve = reserve_of(amount)
        self._lock = Lock()
        self._spare, self._spare_until = 0, 0.0
        """What was counted and not used, and how long this process may use it."""
        self._spare_seconds = seconds * _SPARE
        if amount:
            from limits import RateLimitItemPerSecond
            from limits.storage import MemoryStorage
            from limits.strategies import SlidingWindowCounterRateLimiter as Window

            self._item: RateLimitItem = RateLimitItemPerSecond(amount, seconds)
            self._alone = Window(MemoryStorage())
            self._together = None if shared is None else Window(shared)
            self._errors = shared.base_exceptions if shared else ()
            self._away_until = 0.0

    def wait(self, cost: int, until: float, kept_free: Callable[[], bool], claim: Claim) -> int:
        """Wait until this amount is within the limit; an amount above the limit waits until the
        whole limit is free. Returns what was counted.

        Raises: TurnTooLate, CallWithdrawn.
        """
        while self._amount and cost:
            kept = self._reserve if until == inf and kept_free() else 0
            counted = min(cost, self._amount - kept)
            if self._take_spare(counted) or self._hit(counted, kept):
                return counted
            if time.monotonic() > until:
                raise TurnTooLate(f"its {self._amount} per minute are used up")
            time.sleep(random.uniform(_SHORTEST_NAP, LONGEST_NAP / 4))
            check_wanted(claim)
        return 0

    def give_back(self, counted: int) -> None:
        """What was counted was not used. A window takes nothing back: instead, the next calls of
        this process have it, but only for a moment, lest it be forgotten before they are."""
        with self._lock:
            self._spare = self._spare_now() + counted
            self._spare_until = time.monotonic() + self._spare_seconds

    def _take_spare(self, cost: int) -> bool:
        """Whether there was so much to spare."""
        with self._lock:
            if cost > self._spare_now():
                return False
            self._spare -= cost
            return True

    def _spare_now(self) -> int:
        return self._spare if time.monotonic() < self._spare_until else 0

    def charge(self, cost: int) -> None:
        """Count this amount without waiting, as far as the window allows."""
        while self._amount and cost > 0 and not self._hit(min(cost, self._amount)):
            cost //= 2

    def _hit(self, cost: int, kept: int = 0) -> bool:
        """Count this amount if it fits beside the reserve."""
        if self._together is not None and time.monotonic() > self._away_until:
            try:
                return self._hit_in(self._together, cost, kept)
            except self._errors as error:
                self._away_until = time.monotonic() + AWAY_SECONDS
                _log.warning("rate limits are not shared at present", reason=str(error))
        return self._hit_in(self._alone, cost, kept)

    def _hit_in(self, window: "SlidingWindowCounterRateLimiter", cost: int, kept: int) -> bool:
        if kept and not window.test(self._item, self._name, cost=cost + kept):
            return False
        return window.hit(self._item, self._name, cost=cost)
