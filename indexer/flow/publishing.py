"""The step that publishes: one worker at a time for each collection, once per burst."""

import uuid
from dataclasses import dataclass

import structlog

from indexer.flow.tools import Tools
from indexer.heartbeat import beating
from indexer.progress import CUT_SHORT, Stopped, until_stopped
from kg.errors import CollectionNotFound, StoreError

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Publishing:
    """Takes the step `publish`. Safe for several threads."""

    tools: Tools

    def publish(self, collection: str) -> None:
        """Publish what is new, unless somebody is at it already: who is does it to the end, unless
        its process is to end first.

        Raises: ModelError, SnapshotError, StoreError.
        """
        queue, seconds = self.tools.queue, self.tools.times.hold
        name, me = f"publish {collection}", f"{self.tools.name}/{uuid.uuid4().hex}"

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
