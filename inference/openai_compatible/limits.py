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
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from math import inf
from threading import Lock
from weakref import WeakValueDictionary

from inference.chat import ORDINARY, Claim
from inference.openai_compatible.rate import Rate
from inference.openai_compatible.shared_pace import SharedPace, open_redis, unawaited
from inference.openai_compatible.slots import Slots
from inference.openai_compatible.turns import LONGEST_NAP, TurnTooLate, check_wanted, reserve_of

IN_PROCESS = "memory://"
_HURRY_SECONDS = 60.0
"""How long a tenth is kept free after a question, for the next one."""


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
        self._slots = Slots(concurrency)
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
        self._requests = Rate(f"{name} requests", requests_per_minute, window_seconds, shared)
        self._tokens = Rate(f"{name} tokens", tokens_per_minute, window_seconds, shared)

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
        check_wanted(claim)
        requests_taken = tokens_taken = 0
        sent = False
        try:
            requests_taken = self._requests.wait(1, until, self._kept_free, claim)
            tokens_taken = self._tokens.wait(tokens, until, self._kept_free, claim)
            self._rest(until, claim)
            slot = self._slots.slot(until, self._asked_lately, urgent=claim.urgent)
            with slot, self._shared_place(until, claim):
                self._rest(until, claim)  # the slot's previous holder may have been told to pause
                check_wanted(claim)
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
            check_wanted(claim)
            time.sleep(min(left, LONGEST_NAP) * random.uniform(1.0, 1.1))

    def _resting(self) -> float:
        left = self._rest_until - time.monotonic()
        return left if self._shared is None else max(left, self._shared.resting())

    @contextmanager
    def _shared_place(self, until: float, claim: Claim) -> Iterator[None]:
        if self._shared is None:
            yield
            return
        check = partial(check_wanted, claim)
        with self._shared.place(until, urgent=claim.urgent, check=check) as found:
            if not found:
                raise TurnTooLate("other processes use all its connections")
            yield


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
