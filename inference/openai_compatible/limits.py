"""When an endpoint may be called: not during a pause that it asked for, and within its limits on
concurrency and rate.

Requests and tokens per minute are counted by the `limits` library in a sliding window. It is shared
by the threads of this process (`memory://`) or by all processes that use the same Redis
(`redis://host:port/0`), which then share pauses and connection slots, too.

While Redis is unavailable, each process counts on its own: limits must never stop the work.

Questions take precedence over documents: for a minute after a caller with a deadline, a tenth of
the connections and of each limit is reserved for such callers. Without questions nothing is
reserved. Among documents, urgent ones get the next free connection.
"""

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from math import inf
from threading import Condition, Lock
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import structlog

from inference.chat import ORDINARY, CallWithdrawn, Claim
from inference.openai_compatible.shared_pace import (
    AWAY_SECONDS,
    SharedPace,
    open_redis,
    unawaited,
)

if TYPE_CHECKING:
    from limits import RateLimitItem
    from limits.storage import RedisStorage
    from limits.strategies import SlidingWindowCounterRateLimiter

IN_PROCESS = "memory://"
_LONGEST_NAP = 1.0
"""Seconds between two checks by a waiting caller."""
_SHORTEST_NAP = 0.02
_HURRY_SECONDS = 60.0
"""How long a tenth is kept free after a question, for the next one."""

_SPARE = 1 / 6
"""For so much of a window what was not used is there for others."""

_log = structlog.get_logger(__name__)


class TurnTooLate(Exception):
    """No turn came within the time that the caller could wait."""


def reserve_of(amount: int) -> int:
    """How much of a limit is reserved for questions: a tenth, and at least 1 of 2 or more."""
    return max(1, amount // 10) if amount > 1 else 0


class Pace:
    """The pace at which one endpoint is called. Safe for several threads."""

    def __init__(
        self,
        name: str,
        *,
        concurrency: int,
        requests_per_minute: int = 0,
        tokens_per_minute: int = 0,
        url: str = IN_PROCESS,
        place_seconds: float = 15.0,
        window_seconds: int = 60,
    ) -> None:
        """`name`: the endpoint's, the same for all that share its limits; 0 per minute: no limit.
        `place_seconds`: when the slot of a process that died becomes free; `window_seconds`: the
        length of a "minute".

        Raises: DependencyMissing, SettingsInvalid.
        """
        self._places = _Places(concurrency)
        self._lock = Lock()
        self._rest_until = 0.0
        self._hurry_until = 0.0
        self._failures = 0
        shared = None if url == IN_PROCESS else open_redis(url)
        self._shared = (
            None
            if shared is None
            else SharedPace(shared, name, concurrency, reserve_of(concurrency), place_seconds)
        )
        self._requests = _Rate(f"{name} requests", requests_per_minute, window_seconds, shared)
        self._tokens = _Rate(f"{name} tokens", tokens_per_minute, window_seconds, shared)

    @contextmanager
    def turn(
        self, tokens: int = 0, *, until: float = inf, claim: Claim = ORDINARY
    ) -> Iterator[None]:
        """Wait until a request of about `tokens` tokens may be sent, and hold a connection slot
        during the body.

        `until`: the deadline on the clock of `time.monotonic`; callers with a deadline take
        precedence. Raises: TurnTooLate if the deadline has passed, or certainly will;
        CallWithdrawn if the request is not wanted any more. The rate of what is not sent is given
        back.
        """
        if until < inf:
            self._hurry()
        _check(claim)
        requests_taken = tokens_taken = 0
        sent = False
        try:
            requests_taken = self._requests.wait(1, until, self._kept_free, claim)
            tokens_taken = self._tokens.wait(tokens, until, self._kept_free, claim)
            self._rest(until, claim)
            places = self._places.place(until, self._asked_lately, urgent=claim.urgent)
            with places, self._shared_place(until, claim):
                self._rest(until, claim)  # the slot's previous holder may have been told to pause
                _check(claim)
                sent = True
                yield
        finally:
            if not sent:
                self._requests.give_back(requests_taken)
                self._tokens.give_back(tokens_taken)

    def spent(self, tokens: int) -> None:
        """Count tokens that were unknown before the call, such as those of the answer."""
        if self._shared is None:
            self._tokens.charge(tokens)
        else:
            unawaited(partial(self._tokens.charge, tokens))

    def succeeded(self) -> None:
        """The endpoint answered."""
        with self._lock:
            self._failures = 0

    def failed(self, *, initial: float, longest: float) -> float:
        """Slow all callers down, more with each failure; return the pause in seconds. Simultaneous
        failures count once."""
        now = time.monotonic()
        with self._lock:
            if self._rest_until > now:
                return self._rest_until - now
            seconds = min(initial * 2.0 ** min(self._failures, 30), longest)
            self._failures += 1
        self.slow_down(seconds)
        return seconds

    def slow_down(self, seconds: float) -> None:
        """Block all calls for so many seconds."""
        with self._lock:
            self._rest_until = max(self._rest_until, time.monotonic() + seconds)
        if self._shared is not None:
            self._shared.slow_down(seconds)

    def _hurry(self) -> None:
        """Keep a tenth free for a while, in the other processes, too."""
        now = time.monotonic()
        with self._lock:
            told, self._hurry_until = self._hurry_until, now + _HURRY_SECONDS
        if self._shared is not None and told < now + _HURRY_SECONDS / 2:
            unawaited(partial(self._shared.hurry, _HURRY_SECONDS))

    def _asked_lately(self) -> bool:
        return self._hurry_until > time.monotonic()

    def _kept_free(self) -> bool:
        """Whether capacity is being kept free for questions of any process."""
        return self._asked_lately() or (self._shared is not None and self._shared.hurried())

    def _rest(self, until: float, claim: Claim) -> None:
        """Wait for the end of a pause, plus a random time, so that not all callers start
        together."""
        while (left := self._resting()) > 0.0:
            if time.monotonic() + left > until:
                raise TurnTooLate(f"it asked to wait for another {left:.0f} s")
            _check(claim)
            time.sleep(min(left, _LONGEST_NAP) * random.uniform(1.0, 1.1))

    def _resting(self) -> float:
        left = self._rest_until - time.monotonic()
        return left if self._shared is None else max(left, self._shared.resting())

    @contextmanager
    def _shared_place(self, until: float, claim: Claim) -> Iterator[None]:
        if self._shared is None:
            yield
            return
        check = partial(_check, claim)
        with self._shared.place(until, urgent=claim.urgent, check=check) as found:
            if not found:
                raise TurnTooLate("other processes use all its connections")
            yield


def _check(claim: Claim) -> None:
    if not claim.wanted():
        raise CallWithdrawn


_PACES: WeakValueDictionary[tuple[object, ...], Pace] = WeakValueDictionary()
_PACES_LOCK = Lock()


def pace_of(
    name: str, *, concurrency: int, requests_per_minute: int, tokens_per_minute: int, url: str
) -> Pace:
    """The pace of an endpoint: one per process for all callers with the same limits.

    Raises: DependencyMissing, SettingsInvalid.
    """
    key = (os.getpid(), name, concurrency, requests_per_minute, tokens_per_minute, url)
    with _PACES_LOCK:
        found = _PACES.get(key)
        if found is None:
            found = _PACES[key] = Pace(
                name,
                concurrency=concurrency,
                requests_per_minute=requests_per_minute,
                tokens_per_minute=tokens_per_minute,
                url=url,
            )
        return found


class _Places:
    """This process's connection slots; some are reserved for callers with a deadline, and of the
    others, urgent ones go first."""

    def __init__(self, number: int) -> None:
        self._free = number
        self._reserve = reserve_of(number)
        self._hurried = 0
        """The number of waiting callers with a deadline."""
        self._urgent = 0
        """The number of waiting callers that are urgent."""
        self._changed = Condition()

    @contextmanager
    def place(
        self, until: float, kept_free: Callable[[], bool], *, urgent: bool = False
    ) -> Iterator[None]:
        """Wait for a slot and hold it during the body. Raises: TurnTooLate."""
        with self._changed:
            if until < inf:
                self._wait_hurried(until)
            else:
                self._wait_usual(kept_free, urgent=urgent)
            self._free -= 1
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()

    def _kept(self, kept_free: Callable[[], bool]) -> int:
        """How many slots are for callers with a deadline."""
        return max(self._hurried, self._reserve if kept_free() else 0)

    def _wait_usual(self, kept_free: Callable[[], bool], *, urgent: bool) -> None:
        self._urgent += urgent
        try:
            while self._free <= self._kept(kept_free) + (0 if urgent else self._urgent):
                self._changed.wait(_LONGEST_NAP)
        finally:
            self._urgent -= urgent
            if urgent:
                self._changed.notify_all()

    def _wait_hurried(self, until: float) -> None:
        self._hurried += 1
        try:
            left = max(until - time.monotonic(), 0.0)
            if not self._changed.wait_for(lambda: self._free > 0, left):
                raise TurnTooLate("all its connections are in use")
        finally:
            self._hurried -= 1
            self._changed.notify_all()


class _Rate:
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
            time.sleep(random.uniform(_SHORTEST_NAP, _LONGEST_NAP / 4))
            _check(claim)
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
