"""What happens to a document at whose extraction something goes wrong that nobody foresaw."""

import structlog

from indexer.flow.batches import Batch
from indexer.flow.tools import Tools
from indexer.ingestion.fates import UNEXPECTED_ATTEMPTS
from kg.errors import AmmonError, StoreError

_log = structlog.get_logger(__name__)


def note_unforeseen(tools: Tools, batch: Batch, task_id: str, error: Exception) -> None:
    """Write the error on the task, unless the batch's worker does not hold it any more; it is tried
    again a few times, unless the error says that this is of no use. Raises: StoreUnavailable."""
    attempts = [
        task.attempts for task in tools.queue.leased([task_id]) if task.worker == batch.worker
    ]
    if not attempts:
        return
    told = isinstance(error, AmmonError)
    reason = str(error) if told else f"{type(error).__name__}: {error}"
    # Why the store could not do something may be over when it is asked again.
    again = not told or isinstance(error, StoreError)
    retry = again and attempts[0] < UNEXPECTED_ATTEMPTS
    _log.error(
        "unexpected error in an extraction",
        collection=batch.collection,
        task=task_id,
        attempts=attempts[0],
        exc_info=error,
    )
    tools.queue.fail(task_id, reason, worker=batch.worker, retry=retry)
    if not retry:
        tools.meter.documents(done=0, failed=1)
