"""The terms that documents are handed in under, a priority and a budget: what waits has its own."""

from collections.abc import Set

from kg.errors import WaitsOtherwise
from kg.jobs import OPEN, UNLIMITED, Budget, Job, JobQueue

_ALL = 1_000_000_000


def check_terms(
    queue: JobQueue,
    collection: str,
    documents: Set[str] | None,
    *,
    priority: int = 0,
    budget: Budget = UNLIMITED,
) -> None:
    """See that no unfinished job has any of these documents (ids; None: any at all) under another
    budget or priority, if one is given: it would go on under its own, and the new one be ignored.

    Raises: WaitsOtherwise.
    """
    given = ["budget"] * (budget != UNLIMITED) + ["priority"] * (priority != 0)
    if not given or documents == frozenset():
        return
    for job in queue.jobs(collection, limit=_ALL):
        differs = (budget not in (UNLIMITED, job.budget)) or (priority not in (0, job.priority))
        count = _open(queue, job, documents) if differs and job.open else 0
        if count:
            raise WaitsOtherwise(
                f"{count} {'document waits' if count == 1 else 'documents wait'} already in the "
                f"job {job.id}, which has another {' or '.join(given)}, or none. Cancel it (ammon "
                f"jobs cancel {job.id}) and try again; or leave the {' and the '.join(given)} out, "
                "and it goes on as it is."
            )


def _open(queue: JobQueue, job: Job, documents: Set[str] | None) -> int:
    """How many of these documents the job is not done with."""
    if documents is None:
        return job.open
    tasks = (task for state in OPEN for task in queue.tasks(job.id, state=state, limit=_ALL))
    return len(documents & {task.document_id for task in tasks})
