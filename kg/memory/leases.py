"""Work that is held by name: by one worker, until a time, as the building of a snapshot is."""

from collections.abc import Callable, Iterable, Mapping, Set
from threading import RLock


class MemoryLeases:
    """See `kg.leases.Leases`. The base of `MemoryTasks`."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Nothing is held; `clock` gives seconds since 1970."""
        self._lock = RLock()
        self._clock = clock
        self._holders: dict[str, tuple[str, float, int]] = {}
        """Named lease -> (worker, until when, how often it was lost)."""

    def hold(self, name: str, *, worker: str, seconds: float) -> bool:
        return name in self.take([name], worker=worker, seconds=seconds)

    def take(self, names: Iterable[str], *, worker: str, seconds: float) -> Mapping[str, int]:
        taken = {}
        with self._lock:
            now = self._clock()
            for name in names:
                holder, until, lost = self._holders.get(name, ("", 0.0, 0))
                if holder in ("", worker) or until <= now:
                    taken[name] = lost + (holder not in ("", worker))
                    self._holders[name] = (worker, now + seconds, taken[name])
        return taken

    def held(self, beginning: str) -> Mapping[str, str]:
        with self._lock:
            now = self._clock()
            return {
                name: worker
                for name, (worker, until, _) in self._holders.items()
                if name.startswith(beginning) and until > now
            }

    def put_back(self, names: Iterable[str], *, worker: str) -> None:
        with self._lock:
            for name in names:
                holder, _, lost = self._holders.get(name, ("", 0.0, 0))
                if holder == worker:
                    self._holders[name] = ("", self._clock(), lost)

    def let_go(self, *names: str, worker: str) -> None:
        with self._lock:
            for name in names:
                if name in self._holders and self._holders[name][0] == worker:
                    del self._holders[name]

    def prune_leases(self, *, seconds: float) -> int:
        with self._lock:
            before = self._clock() - seconds
            gone = [name for name, (_, until, _) in self._holders.items() if until <= before]
            for name in gone:
                del self._holders[name]
            return len(gone)

    def _all_holders(self) -> set[str]:
        """The workers that hold something by name."""
        now = self._clock()
        return {holder for holder, until, _ in self._holders.values() if until > now}

    def _end_leases(self, workers: Set[str]) -> None:
        """Expire the named leases of these workers."""
        now = self._clock()
        for name, (holder, until, lost) in self._holders.items():
            if holder in workers:
                self._holders[name] = (holder, min(until, now), lost)
