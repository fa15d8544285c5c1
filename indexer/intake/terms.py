"""The terms of submitted documents, a priority and a budget: queued documents have their own."""

from collections.abc import Set

from kg.errors import WaitsOtherwise
from kg.jobs import UNLIMITED, Budget
from kg.queue import JobStore


def check_terms(
    jobs: JobStore,
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
    for job_id, count in jobs.waits_in(collection, documents).items():
        job = jobs.job(job_id)
        if budget not in (UNLIMITED, job.budget) or priority not in (0, job.priority):
            raise WaitsOtherwise(
                f"{count} {'document waits' if count == 1 else 'documents wait'} already in the "
                f"job {job.id}, which has another {' or '.join(given)}, or none. Cancel it "
                f"(ammon jobs cancel {job.id}) and try again, or leave out the "
                f"{' and the '.join(given)} to let it continue as it is."
            )
