"""Who finds what was left lying: a thread in every process that works, one of which sweeps."""

import math
import time
from collections.abc import Callable
from threading import Thread

import structlog

from indexer.flow.flow import Flow
from kg.errors import AmmonError, StoreUnavailable

_PRUNE_SECONDS = 3600.0
"""Between two looks for leases that nobody needs."""
_LEASES_KEPT = 7 * 86_400.0
"""Seconds for which it stays known how often a passage's workers died, if nobody takes it up."""

_log = structlog.get_logger(__name__)


class Sweeper:
    """Holds on to what its process took, and puts back what dead ones held; for all processes: asks
    for documents that nobody takes to be taken, and for what is not published to be published;
    finishes deletions that were cut short; and deletes the leases that dead ones held long ago."""

    def __init__(self, flow: Flow) -> None:
        """Sweep for this process's flow."""
        self._flow = flow
        self._next_pruning = -math.inf
        self._thread = Thread(target=self._run, name="sweeper", daemon=True)

    def start(self) -> None:
        """Sweep until the flow stops."""
        self._thread.start()

    def join(self, timeout: float) -> None:
        """Wait for the end of a round."""
        self._thread.join(timeout)

    def round(self) -> None:
        """One look at everything; what fails keeps nobody from the rest, unless it is the store
        that is away. Raises: StoreUnavailable."""
        tools = self._flow.tools
        self._attempt(self._flow.dispatcher.keep)
        # By all, for the one who sweeps may be the one that died.
        self._attempt(self._flow.recovery.bring_in)
        self._attempt(self._reclaim)
        if not tools.queue.hold("sweep", worker=tools.name, seconds=3 * tools.times.sweep):
            return
        for part in (self._prepare, self._publish, self._finish_deletions, self._prune_leases):
            self._attempt(part)

    def _attempt(self, part: Callable[[], object]) -> None:
        """Take one of the steps above. Raises: StoreUnavailable."""
        try:
            part()
        except (AmmonError, OSError) as error:
            if isinstance(error, StoreUnavailable) and not self._flow.tools.tells_of(error):
                raise
            _log.warning("not swept", part=part.__name__, reason=str(error))
        except Exception:  # the outermost boundary of a part
            _log.exception("not swept", part=part.__name__)

    def _reclaim(self) -> None:
        self._flow.tools.queue.reclaim(self._flow.recovery.is_gone)

    def _prepare(self) -> None:
        tools = self._flow.tools
        if tools.queue.busy() and tools.broker.depth("commit") == 0:
            tools.broker.send("prepare", {})

    def _publish(self) -> None:
        if self._flow.tools.broker.depth("embed") == 0:
            self._flow.publish_stale()

    def _finish_deletions(self) -> None:
        tools = self._flow.tools
        tools.store.finish_deletions(seconds=tools.times.sweep)

    def _prune_leases(self) -> None:
        if time.monotonic() >= self._next_pruning:
            self._next_pruning = time.monotonic() + _PRUNE_SECONDS  # also where it fails
            self._flow.tools.queue.prune_leases(seconds=_LEASES_KEPT)

    def _run(self) -> None:
        tools = self._flow.tools
        while not tools.stop.wait(tools.times.sweep):
            try:
                self.round()
            except (AmmonError, OSError) as error:
                tools.heed(error)
                _log.warning("not swept", reason=str(error))
            except Exception:  # the outermost boundary of a thread
                _log.exception("not swept")
