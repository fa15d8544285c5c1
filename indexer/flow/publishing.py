"""The step that publishes: one worker at a time for each collection, once per burst.

A build takes memory, and a thread for as long as it lasts. So a process has only so many of them
under way, and keeps what else it is asked for until one of them is over: its other threads go on
with documents. What a process that dies had kept is asked for again by whoever sweeps.
"""

import uuid
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from threading import Lock, get_ident

import structlog

from indexer.flow.pauses import Pauses
from indexer.flow.tools import Tools
from indexer.heartbeat import beating
from indexer.progress import CUT_SHORT, Stopped, until_stopped
from kg.call_in_thread import call_in_thread
from kg.errors import AmmonError, CollectionNotFound, StoreError

LEASES = "publish "
"""How the names of the leases begin that those hold who publish."""
_JOIN_SECONDS = 8.0
_log = structlog.get_logger(__name__)


def lease_of(collection: str) -> str:
    """The name of the lease that whoever publishes it holds."""
    return f"{LEASES}{collection}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Publishing:
    """Takes the step `publish`. Safe for several threads."""

    tools: Tools
    pauses: Pauses
    builds: int = 1
    """How many are under way at once."""
    _kept: dict[str, None] = field(default_factory=dict)
    """Collections that are to be published when there is room, in the order of the messages."""
    _under_way: set[int] = field(default_factory=set)
    """The threads that publish."""
    _running: set[Future[None]] = field(default_factory=set)
    """What `publish_in_background` began and has not ended."""
    _lock: Lock = field(default_factory=Lock)

    @property
    def busy(self) -> bool:
        """Whether a snapshot is being made."""
        return bool(self._under_way)

    def publish_in_background(self, collection: str) -> None:
        """As `publish`, but wait for no longer than a message may take: what takes longer goes on,
        and needs no message any more. Raises: as `publish`, if that happens meanwhile."""
        done = call_in_thread(partial(self.publish, collection), name="publish")
        self._running.add(done)
        done.add_done_callback(self._running.discard)
        wait([done], timeout=self.tools.times.message)
        if done.done():
            done.result()
        else:
            done.add_done_callback(_log_failure)

    def join(self) -> None:
        """Wait, for a moment, for what is to be cut short."""
        wait(set(self._running), timeout=_JOIN_SECONDS)

    def publish(self, collection: str) -> None:
        """Publish what is new, and then what this process is asked for meanwhile; unless it is at
        as many builds as it may be, which then see to it. Others are told of what fails.

        Raises: AmmonError, OSError.
        """
        with self._lock:
            self._kept[collection] = None
            if len(self._under_way) >= self.builds:
                return
            self._under_way.add(get_ident())
        failure: AmmonError | OSError | None = None
        try:
            while (name := self._next()) is not None:
                try:
                    self._publish_held(name)
                except (AmmonError, OSError) as error:
                    if not self.tools.tells_of(error):
                        raise
                    failure = error  # the others can be
                    with suppress(StoreError):
                        self.pauses.begin(name, "publish", error)
                else:
                    self.pauses.end(name, "embed")
                    self.pauses.end(name, "publish")
        finally:
            with self._lock:
                self._under_way.discard(get_ident())
        if failure is not None:
            raise failure

    def _next(self) -> str | None:
        """What to publish next; None if this thread is no longer needed."""
        with self._lock:
            if self._kept and not self.tools.stop.is_set():
                name = next(iter(self._kept))
                del self._kept[name]
                return name
            self._under_way.discard(get_ident())
            return None

    def _publish_held(self, collection: str) -> None:
        """Publish, unless somebody is at it already: who is does it to the end, unless its process
        is to end first."""
        queue, seconds = self.tools.queue, self.tools.times.hold
        name, me = lease_of(collection), f"{self.tools.name}/{uuid.uuid4().hex}"

        def hold() -> bool:
            return queue.hold(name, worker=me, seconds=seconds)

        if not hold():
            return
        try:
            with beating(hold, seconds / 4, "lease", failure="could not extend a lease"):
                self._publish(collection)
        except CollectionNotFound:
            pass  # it was just deleted
        except Stopped:
            _log.info(CUT_SHORT, collection=collection)
        finally:
            try:
                queue.let_go(name, worker=me)
            except StoreError as error:
                _log.warning("could not release a lease", lease=name, reason=str(error))

    def _publish(self, collection: str) -> None:
        pipeline = self.tools.pipeline
        # More may have come in while a snapshot was made, and its message found the work taken.
        while not self.tools.stop.is_set():
            pipeline.publish(collection, until_stopped(self.tools.stop))
            pipeline.tidy(collection)
            idle = not self.tools.queue.busy(collection)
            if not idle or not pipeline.publisher.stale(self.tools.store.collection(collection)):
                return


def _log_failure(build: "Future[None]") -> None:
    """Tell of a build that no message waited for any more."""
    if error := build.exception():
        _log.warning("could not publish a snapshot", reason=str(error), exc_info=error)
