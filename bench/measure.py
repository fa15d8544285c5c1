"""Time and memory of this process."""

import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np


class Cost(NamedTuple):
    """What something took."""

    seconds: float
    cpu: float
    """Seconds of a processor: less noisy where others work beside."""

    def less(self, other: Self) -> Self:
        """The difference."""
        return type(self)(self.seconds - other.seconds, self.cpu - other.cpu)


class Stopwatch:
    """Seconds between `with` and its end."""

    seconds: float = 0.0
    cpu: float = 0.0
    """Those in which a processor worked for this process; what others do does not count."""

    def __enter__(self) -> Self:
        self._started = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._started[0]
        self.cpu = time.process_time() - self._started[1]

    @property
    def ms(self) -> float:
        """The same in milliseconds."""
        return 1000 * self.seconds


def timed(action: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    with Stopwatch() as watch:
        action()
    return watch.ms


def least(action: Callable[[], object], repeat: int) -> Cost:
    """What one of several calls took at least: what neighbours on the machine cost is left out."""
    costs = []
    for _ in range(repeat):
        with Stopwatch() as watch:
            action()
        costs.append(Cost(watch.seconds, watch.cpu))
    return Cost(min(cost.seconds for cost in costs), min(cost.cpu for cost in costs))


def percentile(values: Sequence[float], percent: float) -> float:
    """A percentile; 0 of nothing."""
    return float(np.percentile(values, percent)) if len(values) else 0.0


def peak_mb() -> float:
    """The process's largest resident memory so far, in 10^6 bytes. Pages of mapped files count."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) / 1e6


def memory_mb(pid: int | None = None) -> dict[str, float]:
    """Resident memory of a process (this one) now, in 10^6 bytes: 'pss', in which what n processes
    share counts 1/n; 'anonymous', the part of this that is no file's; 'written', what it shares
    with nobody because it wrote there.

    Linux only: empty elsewhere.
    """
    rollup = Path(f"/proc/{pid or 'self'}/smaps_rollup")
    if not rollup.is_file():
        return {}
    fields = {
        name: float(rest.split()[0]) * 1024 / 1e6
        for name, _, rest in (line.partition(":") for line in rollup.read_text().splitlines()[1:])
    }
    return {
        "pss": fields["Pss"],
        "anonymous": fields["Pss_Anon"],
        "written": fields["Private_Dirty"],
    }
