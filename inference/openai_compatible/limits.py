"""When an endpoint may be called: not while it wants rest, by so many at once, and so often.

Requests and tokens a minute are counted by the `limits` library in a sliding window. Where that
window is kept decides who shares it: the threads of this process (`memory://`), or all processes
that name one Redis (`redis://host:port/0`). Then they share the rests and the places too.

What cannot be counted together because Redis is away for a moment is counted by each process alone:
limits must never stop the work.
"""

import random
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from math import ceil
from threading import BoundedSemaphore, Lock, Thread
from typing import TYPE_CHECKING, TypeVar

import structlog

from kg.errors import DependencyMissing, SettingsInvalid

if TYPE_CHECKING:
    from limits import RateLimitItem
    from limits.storage import RedisStorage

IN_PROCESS = "memory://"
_LONGEST_NAP = 1.0
"""Seconds after which somebody who waits looks again whether it may go on."""
_SHORTEST_NAP = 0.02
_NOWHERE = "-"
"""A place that is no place, where nobody counts them."""
_REDIS_SECONDS = 5.0
"""How long one command may take; one that takes longer is done without."""

_Answer = TypeVar("_Answer")
_log = structlog.get_logger(__name__)


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
        """`name`: of the endpoint, the same for all that share it; 0 a minute: no limit.
        `place_seconds`: after which the place of a process that died is free; `window_seconds`:
        what a minute is.

        Raises: DependencyMissing, SettingsInvalid.
        """
        self._name = name
        self._slots = BoundedSemaphore(concurrency)
        self._lock = Lock()
        self._rest_until = 0.0
        self._failures = 0
        shared = None if url == IN_PROCESS else _redis(url)
        self._shared = (
            None if shared is None else _SharedPace(shared, name, concurrency, place_seconds)
        )
        self._requests = _Rate(f"{name} requests", requests_per_minute, window_seconds, shared)
        self._tokens = _Rate(f"{name} tokens", tokens_per_minute, window_seconds, shared)

    @contextmanager
    def turn(self, tokens: int = 0) -> Iterator[None]:
        """Wait until one may send a request of about so many tokens, and hold a place meanwhile."""
        self._requests.wait(1)
        self._tokens.wait(tokens)
        self._rest()
        with self._slots, self._place():
            self._rest()  # whoever had the place may have been told to wait
            yield

    def spent(self, tokens: int) -> None:
        """Count tokens that were not known before the call, as those of the answer."""
        if self._shared is None:
            self._tokens.charge(tokens)
        else:
            _unawaited(partial(self._tokens.charge, tokens))

    def succeeded(self) -> None:
        """The endpoint answered."""
        with self._lock:
            self._failures = 0

    def failed(self, *, initial: float, longest: float) -> float:
        """Slow all callers down, more with each failure; return for how many seconds. What several
        callers meet at once counts once."""
        now = time.monotonic()
        with self._lock:
            if self._rest_until > now:
                return self._rest_until - now
            seconds = min(initial * 2.0 ** min(self._failures, 30), longest)
            self._failures += 1
        self.slow_down(seconds)
        return seconds

    def slow_down(self, seconds: float) -> None:
        """Let nobody call for so long."""
        with self._lock:
            self._rest_until = max(self._rest_until, time.monotonic() + seconds)
        if self._shared is not None:
            self._shared.slow_down(seconds)

    def _rest(self) -> None:
        """Wait while the endpoint wants rest; then not everybody at the same moment."""
        while (left := self._resting()) > 0.0:
            time.sleep(min(left, _LONGEST_NAP) * random.uniform(1.0, 1.1))

    def _resting(self) -> float:
        left = self._rest_until - time.monotonic()
        return left if self._shared is None else max(left, self._shared.resting())

    @contextmanager
    def _place(self) -> Iterator[None]:
        if self._shared is None:
            yield
            return
        with self._shared.place():
            yield


class _Rate:
    """So many a minute of something; 0: no limit."""

    def __init__(self, name: str, amount: int, seconds: int, shared: "RedisStorage | None") -> None:
        self._name = name
        self._amount = amount
        if amount:
            from limits import RateLimitItemPerSecond
            from limits.storage import MemoryStorage
            from limits.strategies import SlidingWindowCounterRateLimiter

            self._item: RateLimitItem = RateLimitItemPerSecond(amount, seconds)
            self._alone = SlidingWindowCounterRateLimiter(MemoryStorage())
            self._together = None if shared is None else SlidingWindowCounterRateLimiter(shared)
            self._errors = shared.base_exceptions if shared else ()

    def wait(self, cost: int) -> None:
        """Wait until so many more are within the limit; what exceeds it alone waits for all."""
        cost = min(cost, self._amount)
        while cost and not self._hit(cost):
            time.sleep(random.uniform(_SHORTEST_NAP, _LONGEST_NAP / 4))

    def charge(self, cost: int) -> None:
        """Count so many without waiting, as far as there is room in the window."""
        while self._amount and cost > 0 and not self._hit(min(cost, self._amount)):
            cost //= 2

    def _hit(self, cost: int) -> bool:
        if self._together is not None:
            try:
                return self._together.hit(self._item, self._name, cost=cost)
            except self._errors as error:
                _log.warning("limits are not shared at present", reason=str(error))
        return self._alone.hit(self._item, self._name, cost=cost)


class _SharedPace:
    """Rests and places that several processes share, in Redis."""

    def __init__(
        self, storage: "RedisStorage", name: str, places: int, place_seconds: float
    ) -> None:
        self._place_seconds = place_seconds
        self._held: dict[str, str] = {}
        """Place -> the mark that this process has put there."""
        self._lock = Lock()
        self._keeper: Thread | None = None
        self._redis = storage.storage
        self._errors = storage.base_exceptions
        self._rest = f"ammon:rest:{name}"
        self._places = [f"ammon:place:{name}:{number}" for number in range(places)]

    def slow_down(self, seconds: float) -> None:
        """Let nobody call for so long; a longer rest stays."""
        if seconds > self.resting():
            self._try(lambda: self._redis.set(self._rest, "1", px=ceil(seconds * 1000)), None)

    def resting(self) -> float:
        """For how many more seconds."""
        return max(self._try(lambda: int(self._redis.pttl(self._rest)), 0) / 1000, 0.0)

    @contextmanager
    def place(self) -> Iterator[None]:
        """Wait for a place and hold it; one whose process dies is free soon."""
        mark = uuid.uuid4().hex
        while not (place := self._try(lambda: self._taken(mark), _NOWHERE)):
            time.sleep(random.uniform(_SHORTEST_NAP, _LONGEST_NAP / 10))
        self._hold(place, mark)
        try:
            yield
        finally:
            with self._lock:
                self._held.pop(place, None)
            if place != _NOWHERE:
                _unawaited(lambda: self._try(lambda: self._leave(place, mark), None))

    def _taken(self, mark: str) -> str:
        """The place that was taken; '' if none is free."""
        for place in random.sample(self._places, len(self._places)):
            if self._redis.set(place, mark, nx=True, px=ceil(self._place_seconds * 1000)):
                return place
        return ""

    def _hold(self, place: str, mark: str) -> None:
        """Have the place kept for as long as this process lives and wants it."""
        if place == _NOWHERE:
            return
        with self._lock:
            self._held[place] = mark
            if self._keeper is None:
                self._keeper = Thread(target=self._keep, name="places", daemon=True)
                self._keeper.start()

    def _keep(self) -> None:
        while True:
            time.sleep(self._place_seconds / 4)
            with self._lock:
                if not self._held:
                    self._keeper = None
                    return
                held = dict(self._held)
            for place, mark in held.items():
                self._try(partial(self._extend, place, mark), None)

    def _extend(self, place: str, mark: str) -> None:
        if self._redis.get(place) in (mark, mark.encode()):
            self._redis.pexpire(place, ceil(self._place_seconds * 1000))

    def _leave(self, place: str, mark: str) -> None:
        if self._redis.get(place) in (mark, mark.encode()):
            self._redis.delete(place)

    def _try(self, action: Callable[[], _Answer], otherwise: _Answer) -> _Answer:
        try:
            return action()
        except self._errors as error:
            _log.warning("rests and places are not shared at present", reason=str(error))
            return otherwise


def _unawaited(action: Callable[[], object]) -> None:
    """Do it beside: an answer that was paid for is to be saved before Redis is spoken to, which may
    be away."""
    Thread(target=action, name="pace", daemon=True).start()


def _redis(url: str) -> "RedisStorage":
    if not url.startswith(("redis://", "rediss://", "unix://", "redis+unix://")):
        raise SettingsInvalid(
            f"Limits are shared in a Redis (redis://host:6379/0), not in {url!r}."
        )
    try:
        import redis  # noqa: F401 - the library below wants it
    except ImportError as error:
        raise DependencyMissing("redis", "celery") from error
    from limits.storage import RedisStorage

    return RedisStorage(url, socket_timeout=_REDIS_SECONDS, socket_connect_timeout=_REDIS_SECONDS)
