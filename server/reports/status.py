"""The state of jobs."""

import math
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from indexer.refusals import Refusal
from kg.errors import CollectionNotFound, JobNotFound
from kg.jobs import CALLED_OFF, Job, TaskState
from kg.queue import JobQueue
from server.core import Core
from server.reports.quarantine import Quarantined, quarantine
from server.reports.surroundings import Surroundings

_ALMOST = 99.9
"""Percent."""
_LOOKED_AT = 100
"""How many documents of a job, the first ones, are looked at to find out why it waits."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JobStatus:
    """A job and how far it is."""

    job: Job
    state: Literal["running", "publishing", "done"]
    """'publishing': all documents are finished, but not in a published snapshot yet (when a failed
    one keeps a re-indexing from its end, `waiting_because` says so)."""
    indexed: int
    """Documents that questions see; it does not fall. While the snapshot is far behind the graph,
    some that it has may be missing (see `server.reports.indexed`), and those of a re-indexing are
    seen all at once."""
    drafted: int = 0
    """Documents that the extractor has not finished, or failed at, as when a budget is spent, and
    that are searchable from a first extraction."""
    waiting_because: str = ""
    """Why its documents wait, as when a model cannot be reached, or what they bring; '' if nothing
    is in the way."""
    quarantined: int = 0
    """Passages of its documents that can be found by their text only, because their extraction
    failed."""
    refused: Sequence[Refusal] = ()
    """Steps that workers leave to others, while it has unfinished documents."""

    @property
    def all_quarantined(self) -> bool:
        """Whether documents were indexed, but the extraction of all their passages failed."""
        return 0 < self.job.progress.passages <= self.quarantined

    @property
    def percent(self) -> float:
        """Percentage of its documents that are finished, rounded down to one decimal; 100 only if
        all are and no more will be added."""
        job = self.job
        if not job.total:
            return 0.0 if job.filling else 100.0
        done = math.floor(1000.0 * (job.total - job.open) / job.total) / 10.0
        return min(done, _ALMOST) if job.filling else done

    @property
    def rate(self) -> float | None:
        """Passages a second; None before the first."""
        done, seconds = self.job.progress.passages_done, self.job.worked_seconds
        return done / seconds if done and seconds > 0 else None

    @property
    def seconds_left(self) -> float | None:
        """Estimated seconds left at that rate; None if unknown."""
        job, progress = self.job, self.job.progress
        if not (job.open or job.filling):
            return 0.0
        if self.rate is None or job.filling:  # more documents may come
            return None
        uncounted = max(job.counts.get(TaskState.QUEUED, 0) - job.drafted, 0)
        counted = job.total - sum(job.counts.get(state, 0) for state in CALLED_OFF) - uncounted
        more = uncounted * progress.passages / counted if counted > 0 else 0.0
        left = progress.passages - progress.passages_done + more
        # Unfinished documents take some more time even after their last passage.
        return left / self.rate if left > 0 else None


def job_status(core: Core, job: Job) -> JobStatus:
    """The state of a job. If its collection was deleted meanwhile, there is nothing left to
    publish."""
    return job_statuses(core, [job])[0]


def job_statuses(core: Core, jobs: Iterable[Job]) -> list[JobStatus]:
    """The states of jobs; what those of a collection have in common is read once."""
    known: dict[str, Surroundings] = {}
    found = []
    for job in jobs:
        about = known.setdefault(job.collection, Surroundings(core, job.collection))
        found.append(_status(core, job, about))
    return found


def _status(core: Core, job: Job, about: Surroundings) -> JobStatus:
    done = job.counts.get(TaskState.EXTRACTED, 0)
    seen, held_up = about.sees(job), about.held_up(job)
    state: Literal["running", "publishing", "done"] = "publishing"
    if job.open or job.filling:
        state = "running"
    elif not held_up and (seen or not done):
        state = "done"
    return JobStatus(
        job=job,
        state=state,
        indexed=about.indexed(job),
        drafted=job.drafted + _failed_drafts(core.queue, job),
        waiting_because=why_it_waits(core.queue, job) or held_up,
        refused=about.refused if state != "done" else (),
        quarantined=_quarantined(core, job, about) if done else 0,
    )


def _failed_drafts(queue: JobQueue, job: Job) -> int:
    """How many of a job's failed documents stay in the graph as drafts."""
    failed = job.counts.get(TaskState.FAILED, 0)
    if not failed:
        return 0
    with suppress(JobNotFound):
        return sum(one.drafted for one in queue.tasks(job.id, state=TaskState.FAILED, limit=failed))
    return 0


def _quarantined(core: Core, job: Job, about: Surroundings) -> int:
    """How many passages of a job's documents are in quarantine."""
    passages = about.quarantined
    if not passages:
        return 0
    # Few, while a job may have very many documents.
    tasks = core.queue.tasks(
        job.id, state=TaskState.EXTRACTED, limit=job.total, document_ids=set(passages)
    )
    return len({one for task in tasks for one in passages[task.document_id]})


def quarantine_of(core: Core, job: Job) -> Sequence[Quarantined]:
    """The quarantined passages of a job's documents, by source."""
    with suppress(CollectionNotFound):
        # Few, while a job may have very many documents.
        ids = {one.document_id for one in core.store.quarantined(job.collection)}
        if ids:
            tasks = core.queue.tasks(
                job.id, state=TaskState.EXTRACTED, limit=job.total, document_ids=ids
            )
            return quarantine(core, job.collection, {task.document_id for task in tasks})
    return ()


def why_it_waits(queue: JobQueue, job: Job) -> str:
    """Why a job's documents wait: the error of the last attempt. '' if some are being worked on
    without an error, or if none was tried yet."""
    if not job.open:
        return ""
    try:
        tried = queue.tasks(job.id, state=TaskState.EXTRACTING, limit=_LOOKED_AT)
        if any(not task.error for task in tried):
            return ""
        tried = tried or queue.tasks(job.id, state=TaskState.QUEUED, limit=_LOOKED_AT)
    except JobNotFound:
        return ""
    return next((task.error for task in tried if task.error), "")


def job_failures(core: Core, job_id: str, limit: int = 1000) -> Sequence[tuple[str, str]]:
    """Source and reason of each failed document of a job."""
    tasks = core.queue.tasks(job_id, state=TaskState.FAILED, limit=limit)
    return [(task.source, task.error) for task in tasks]
