"""Jobs as the command line and HTTP report them."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from kg.errors import JobNotFound
from kg.jobs import EVERY_REVISION, Budget, Job
from kg.records import Collection
from server.budgets import known_cost
from server.core import Core
from server.reports.status import JobStatus, job_statuses
from server.reports.up_to_date import seen_revision

_DAY = 86_400.0


def job_fields(status: JobStatus) -> dict[str, Any]:
    """Everything about a job, as JSON."""
    job, progress = status.job, status.job.progress
    return {
        "id": job.id,
        "collection": job.collection,
        "created_at": job.created_at,
        "state": status.state,
        "counts": dict(job.counts),
        "total": job.total,
        "percent": status.percent,
        "waiting_because": status.waiting_because,
        "refused": [asdict(one) for one in status.refused],
        "quarantined": status.quarantined,
        "documents_indexed": status.indexed,
        "documents_drafted": status.drafted,
        "priority": job.priority,
        "budget": budget_fields(job.budget),
        "passages": progress.passages,
        "passages_done": progress.passages_done,
        "input_tokens": progress.input_tokens,
        "output_tokens": progress.output_tokens,
        "cost": known_cost(progress),
        "passages_per_second": None if status.rate is None else round(status.rate, 3),
        "seconds_left": None if status.seconds_left is None else round(status.seconds_left, 1),
    }


def budget_fields(budget: Budget) -> dict[str, Any] | None:
    """A budget as JSON; None if there is no limit."""
    if budget == Budget():
        return None
    return {"tokens": budget.tokens, "cost": budget.cost}


def running(core: Core, *, limit: int = 100) -> list[JobStatus]:
    """The unfinished jobs, by collection: of each collection at most so many of the newest with
    unfinished documents, and as many that are still to be published."""
    found = (job for one in core.store.collections() for job in _unfinished(core, one, limit))
    return [status for status in job_statuses(core, found) if status.state != "done"]


def prune(core: Core, collection: str | None, days: float) -> int:
    """Delete jobs without activity for so many days, of all collections or of one; return how many.
    Raises: CollectionNotFound."""
    names = [one.name for one in core.store.collections()] if collection is None else [collection]
    return sum(core.pipeline.prune_jobs(name, days * _DAY) for name in names)


def _unfinished(core: Core, collection: Collection, limit: int) -> Iterator[Job]:
    """The jobs that may be unfinished, and the one that re-indexes the collection."""
    # A job at revision 0 has indexed nothing, so there is nothing of it to be seen.
    seen = max(seen_revision(core, collection), 0)
    found: dict[str, Job] = {}
    # First those with open documents, so that they are not lost behind many finished ones.
    for revision in (EVERY_REVISION, seen):
        jobs = core.queue.jobs(collection.name, unfinished_at=revision, limit=limit)
        found.update((job.id, job) for job in jobs)
    yield from found.values()
    if collection.settings.transition.job not in {"", *found}:
        with suppress(JobNotFound):
            yield core.queue.job(collection.settings.transition.job)
