"""What becomes of tasks whose documents do not come in."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from indexer.ingestion.processed import Processed
from kg.errors import AmmonError, ModelUnavailable
from kg.jobs import Task
from kg.queue import JobQueue
from kg.store import Change, GraphStore

UNEXPECTED_ATTEMPTS = 3
"""How often a document is tried that met an error which nobody foresaw, and which may have been of
the moment: memory that was short, a library that was not whole yet."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fates:
    """Ends tasks, or puts them back into the queue. Safe for several threads."""

    store: GraphStore
    queue: JobQueue

    def postpone(self, tasks: Sequence[Task], error: AmmonError) -> Processed:
        """Put tasks back unharmed: they are not to blame for the error, however often it comes."""
        for worker in {task.worker for task in tasks}:
            held = [task.id for task in tasks if task.worker == worker]
            self.queue.release(held, worker=worker, reason=str(error))
        return Processed(
            retried=len(tasks),
            trouble=str(error),
            permanent=isinstance(error, ModelUnavailable) and error.permanent,
        )

    def dismiss(self, batch: Sequence[Task]) -> Processed:
        """Be done with documents that nobody waits for."""
        tasks = tuple(task.id for task in batch)
        self.store.commit(batch[0].collection, Change(completed=tasks))
        return Processed(done=len(tasks))

    def drop(self, batch: Sequence[Task]) -> Processed:
        """Be done with documents whose collection was just deleted: nothing of them failed."""
        for task in batch:
            self.queue.fail(task.id, "Its collection was deleted.", worker=task.worker, retry=False)
        _log.info(
            "the collection was deleted meanwhile",
            collection=batch[0].collection,
            documents=len(batch),
        )
        return Processed()

    def give_back(self, batch: Sequence[Task]) -> Processed:
        """Let others have the tasks that are still held."""
        for worker in {task.worker for task in batch}:
            self.queue.release([one.id for one in batch if one.worker == worker], worker=worker)
        return Processed()

    def fail(self, task: Task, reason: str) -> Processed:
        """Be done with a document that cannot come in, and tell why."""
        self.queue.fail(task.id, reason, worker=task.worker, retry=False)
        _log.warning(
            "document failed",
            collection=task.collection,
            source=task.source,
            attempts=task.attempts,
            reason=reason,
        )
        return Processed(failed=1)

    def fail_unexpectedly(self, task: Task, reason: str) -> Processed:
        """Have a document tried again that met an error which may pass; not for ever."""
        if task.attempts >= UNEXPECTED_ATTEMPTS:
            return self.fail(task, reason)
        self.queue.fail(task.id, reason, worker=task.worker, retry=True)
        return Processed(retried=1)
