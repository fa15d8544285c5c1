"""What happens to a document at whose extraction something goes wrong that nobody foresaw."""

import structlog

from indexer.flow.batches import Batch
from indexer.flow.tools import Tools
from indexer.ingestion.ingester import UNEXPECTED_ATTEMPTS
from kg.errors import AmmonError

_log = structlog.get_logger(__name__)


def note_unforeseen(tools: Tools, batch: Batch, task_id: str, error: Exception) -> None:
    """Write the error on the task; it is tried again a few times, unless the error says that this
    is of no use. Raises: StoreUnavailable."""
    found = tools.queue.leased([task_id])
    attempts = found[0].attempts if found else 0
    if isinstance(error, AmmonError):
        reason, retry = str(error), False
    else:
        reason = f"{type(error).__name__}: {error}"
        retry = attempts < UNEXPECTED_ATTEMPTS
    _log.error(
        "unexpected error in an extraction",
        collection=batch.collection,
        task=task_id,
        attempts=attempts,
        exc_info=error,
    )
    tools.queue.fail(task_id, reason, worker=batch.worker, retry=retry)
    if not retry:
        tools.meter.documents(done=0, failed=1)
