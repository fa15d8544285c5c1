"""Pauses and connection slots of an endpoint that several processes share, in Redis."""

import random
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from math import ceil, inf
from threading import Lock, Thread
from typing import TYPE_CHECKING, TypeVar

import structlog

from kg.errors import DependencyMissing, SettingsInvalid

if TYPE_CHECKING:
    from limits.storage import RedisStorage

_SHORTEST_NAP = 0.02
_LONGEST_NAP = 0.1
"""Seconds between two checks by a caller that waits for a slot."""
_URGENT_SECONDS = 0.25
"""How long others leave free slots to an urgent caller after its last check: it checks more
often."""
_NOWHERE = "-"
"""A dummy slot, for when Redis is unavailable and nobody counts them."""
_REDIS_SECONDS = 5.0
"""How long a Redis command may take before it is given up."""
AWAY_SECONDS = 5.0
"""How long Redis is not used after a failed command, so that callers do not wait for it again."""

_Answer = TypeVar("_Answer")
_log = structlog.get_logger(__name__)


class SharedPace:
    """When one endpoint may be called, as far as that is shared between processes.

    While Redis is unavailable, each process behaves as if nothing were shared.
    """

    def __init__(
        self,
        storage: "RedisStorage",
        name: str,
        places: int,
        reserve: int,
        place_seconds: float,
    ) -> None:
        """`reserve`: how many of the slots are kept free for callers with a deadline."""
        self._place_seconds = place_seconds
        self._held: dict[str, str] = {}
        """Slot -> the mark that this process has put there."""
        self._lock = Lock()
        self._keeper: Thread | None = None
        self._redis = storage.storage
        self._errors = storage.base_exceptions
        self._rest = f"ammon:rest:{name}"
        self._hurry = f"ammon:hurry:{name}"
        self._urgent = f"ammon:urgent:{name}"
        self._places = [f"ammon:place:{name}:{number}" for number in range(places)]
        self._reserve = reserve
        self._away_until = 0.0

    def slow_down(self, seconds: float) -> None:
        """Block all calls for so many seconds; a longer pause is not shortened."""
        if seconds > self.resting():
            self._try(lambda: self._redis.set(self._rest, "1", px=ceil(seconds * 1000)), None)

    def resting(self) -> float:
        """The remaining seconds of the pause."""
        return max(self._try(lambda: int(self._redis.pttl(self._rest)), 0) / 1000, 0.0)

    def hurry(self, seconds: float) -> None:
        """Keep the reserve for so many seconds."""
        self._try(lambda: self._redis.set(self._hurry, "1", px=ceil(seconds * 1000)), None)

    def hurried(self) -> bool:
        """Whether the reserve is kept free now."""
        return self._try(lambda: bool(self._redis.exists(self._hurry)), False)

    @contextmanager
    def place(
        self,
        until: float = inf,
        *,
        urgent: bool = False,
        check: Callable[[], None] = lambda: None,
    ) -> Iterator[bool]:
        """Wait for a slot and hold it during the body; yields False, without a slot, if none is
        free at `until` (of `time.monotonic`). Urgent callers go before others without a deadline.
        `check` is called now and then during the wait, which its error ends.

        The slot of a process that dies is soon free again.
        """
        mark = uuid.uuid4().hex
        while not (place := self._try(partial(self._taken, mark, until, urgent), _NOWHERE)):
            if time.monotonic() > until:
                yield False
                return
            check()
            time.sleep(random.uniform(_SHORTEST_NAP, _LONGEST_NAP))
        self._hold(place, mark)
        try:
            yield True
        finally:
            with self._lock:
                self._held.pop(place, None)
            if place != _NOWHERE:
                unawaited(lambda: self._try(lambda: self._leave(place, mark), None))

    def _taken(self, mark: str, until: float, urgent: bool) -> str:
        """Take a slot and return its name; '' if none is free."""
        kept = 0
        if until == inf:
            hurried, others = self._redis.mget(self._hurry, self._urgent)
            if others is not None and not urgent:
                return ""
            kept = self._reserve if hurried is not None else 0
        open_to_all = self._places[kept:]
        for place in random.sample(open_to_all, len(open_to_all)):
            if self._redis.set(place, mark, nx=True, px=ceil(self._place_seconds * 1000)):
                return place
        if urgent and until == inf:  # who finds one keeps nobody from the others
            self._redis.set(self._urgent, "1", px=ceil(_URGENT_SECONDS * 1000))
        return ""

    def _hold(self, place: str, mark: str) -> None:
        """Extend the slot periodically for as long as this process lives and holds it."""
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
        if time.monotonic() < self._away_until:
            return otherwise
        try:
            return action()
        except self._errors as error:
            self._away_until = time.monotonic() + AWAY_SECONDS
            _log.warning(
                "pauses and connection limits are not shared at present", reason=str(error)
            )
            return otherwise


def unawaited(action: Callable[[], object]) -> None:
    """Run in the background: a paid answer must be saved before talking to Redis, which may be
    unavailable."""
    Thread(target=action, name="pace", daemon=True).start()


def open_redis(url: str) -> "RedisStorage":
    """The Redis at that address, without contacting it. Raises: DependencyMissing,
    SettingsInvalid."""
    if not url.startswith(("redis://", "rediss://", "unix://", "redis+unix://")):
        raise SettingsInvalid(
            f"Limits can be shared through Redis (redis://host:6379/0) only, not through {url!r}."
        )
    try:
        import redis  # noqa: F401 - the library below wants it
    except ImportError as error:
        raise DependencyMissing("redis", "celery") from error
    import limits  # noqa: F401 - completely, before another thread imports it in a different order
    from limits.storage import RedisStorage

    return RedisStorage(url, socket_timeout=_REDIS_SECONDS, socket_connect_timeout=_REDIS_SECONDS)
