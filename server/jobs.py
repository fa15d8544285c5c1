"""Jobs as both ways in tell of them."""

from collections.abc import Sequence
from typing import Any

from kg.jobs import Budget, Job, TaskState
from server.budgets import known_cost
from server.core import Core
from server.quarantine import Quarantined, quarantine
from server.status import JobStatus, job_status

_ALL = 1_000_000_000


def quarantine_of(core: Core, job: Job) -> Sequence[Quarantined]:
    """The passages in quarantine of the documents that a job brought in, by source."""
    sources = {
        task.source for task in core.queue.tasks(job.id, state=TaskState.EXTRACTED, limit=_ALL)
    }
    return [one for one in quarantine(core, job.collection) if one.source in sources]


def job_fields(status: JobStatus) -> dict[str, Any]:
    """All that is known of a job, as JSON."""
    job, progress = status.job, status.job.progress
    return {
        "id": job.id,
        "collection": job.collection,
        "created_at": job.created_at,
        "state": status.state,
        "counts": dict(job.counts),
        "total": job.total,
        "percent": status.percent,
        "documents_indexed": status.indexed,
        "documents_drafted": job.drafted,
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
    """The jobs that are not over, the newest first."""
    found = [job_status(core, job) for job in core.queue.jobs(limit=limit)]
    return [status for status in found if status.state != "done"]
