"""Jobs: documents that were submitted together, and their progress."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field

from kg.jobs import Budget, Job, TaskState
from server.budgets import checked
from server.core import Core
from server.http.dependencies import JobPath, TheCore
from server.http.problems import responses
from server.reports.jobs import job_fields
from server.reports.status import job_status, job_statuses, quarantine_of

router = APIRouter(prefix="/jobs", tags=["jobs"])


class BudgetIn(BaseModel):
    """What a job may spend on a chat model; null means no limit."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"cost": 2.5}]})

    tokens: int | None = Field(
        default=None, ge=0, le=10**15, description="Input and output tokens together."
    )
    cost: float | None = Field(
        default=None,
        ge=0,
        le=10**9,
        description="Money, in the currency of the prices in the settings.",
    )

    def budget(self, core: Core) -> Budget:
        """Raises: PricesUnknown for money whose prices are unknown."""
        return checked(Budget(tokens=self.tokens, cost=self.cost), core.pipeline.prices)


class RetryIn(BaseModel):
    """How a job's failed documents are retried."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"budget": {"cost": 5.0}}]}
    )

    budget: BudgetIn | None = Field(
        default=None,
        description="Replaces the job's budget; it includes what the job has spent already.",
    )


class RefusalOut(BaseModel):
    """A step that one worker cannot take for the job's collection at present; others may."""

    worker: str = Field(description="Machine and process.", examples=["gpu-1 (process 4711)"])
    step: Literal["prepare", "extract", "embed", "publish"] = Field(examples=["extract"])
    reason: str = Field(examples=["The chat model refused the request: 401 invalid API key."])


class JobOut(BaseModel):
    """A job."""

    id: str = Field(examples=["job-5b0f0c1d2e3f405162738495a6b7c8d9"])
    collection: str = Field(examples=["papers"])
    created_at: datetime = Field(description="When it was submitted.")
    state: Literal["running", "publishing", "done"] = Field(
        description="'publishing': all documents are finished, but queries do not see them yet. It "
        "stays so while failed documents keep a re-indexing from its end: see `waiting_because`."
    )
    counts: dict[TaskState, int] = Field(
        description="Number of documents in each state; 'superseded': a newer text of the document "
        "was submitted before this one was processed.",
        examples=[{"extracted": 58, "extracting": 2}],
    )
    total: int = Field(description="Number of documents.", examples=[60])
    percent: float = Field(
        description="Percentage of its documents that are finished; 100 only if all are, and no "
        "more will be added.",
        examples=[96.7],
    )
    waiting_because: str = Field(
        description="Why its documents wait, for example because the model cannot be reached, or "
        "what holds up a re-indexing; '' if nothing does.",
        examples=[""],
    )
    refused: list[RefusalOut] = Field(
        description="Steps that workers cannot take at present, and why; they try again within "
        "half a minute."
    )
    quarantined: int = Field(
        description="Passages found by their text alone, because their extraction failed.",
        examples=[0],
    )
    documents_indexed: int = Field(
        description="Documents that queries see; at least so many while a snapshot is far behind.",
        examples=[0],
    )
    documents_drafted: int = Field(
        description="Documents that are unfinished, or failed (as when a budget is spent), and "
        "searchable all the same, from an extraction without the chat model.",
        examples=[2],
    )
    priority: int = Field(description="Higher ones are worked on first.", examples=[0])
    budget: BudgetIn | None = Field(description="What the job may spend; null means no limit.")
    passages: int = Field(description="Passages known so far.", examples=[140])
    passages_done: int = Field(description="Passages that were extracted.", examples=[133])
    input_tokens: int = Field(description="Sent to the chat model.", examples=[120_000])
    output_tokens: int = Field(description="Written by the chat model.", examples=[31_000])
    cost: float | None = Field(
        description="In the currency of the prices; null if a price was unknown.",
        examples=[0.036],
    )
    passages_per_second: float | None = Field(
        description="While it was worked on; null before the first.", examples=[1.7]
    )
    seconds_left: float | None = Field(
        description="Estimated seconds left; null if unknown.", examples=[4.1]
    )


class QuarantinedOut(BaseModel):
    """A passage whose extraction failed, so that it is found by its text alone."""

    source: str = Field(description="The document's source.", examples=["notes/engram.md"])
    passage: str = Field(description="The passage's id.", examples=["psg-5b0f0c1d2e3f405162738495"])
    reason: str = Field(examples=["No usable answer for the passage's triples in 3 attempts."])


class JobDocumentOut(BaseModel):
    """A document of a job."""

    document_id: str = Field(examples=["doc-5b0f0c1d2e3f405162738495"])
    source: str = Field(examples=["notes/engram.md"])
    state: TaskState
    attempts: int = Field(description="How often it was tried.", examples=[1])
    error: str = Field(description="Why it failed; '' if it did not fail.", examples=[""])


@router.get("", summary="List jobs", responses=responses(404))
def list_jobs(
    core: TheCore,
    collection: Annotated[str | None, Query(description="Only jobs of this collection.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="How many at most.")] = 100,
) -> list[JobOut]:
    """Jobs, newest first."""
    if collection is not None:
        core.store.collection(collection)
    found = core.queue.jobs(collection, limit=limit)
    return [JobOut.model_validate(job_fields(one)) for one in job_statuses(core, found)]


@router.get("/{job_id}", summary="Read a job", responses=responses(404))
def read_job(job_id: JobPath, core: TheCore) -> JobOut:
    """A job and its progress."""
    return _out(core, core.queue.job(job_id))


@router.post("/{job_id}/cancel", summary="Cancel a job", responses=responses(404))
def cancel_job(job_id: JobPath, core: TheCore) -> JobOut:
    """Cancel the unfinished documents, including those in progress."""
    return _out(core, core.cancel(job_id))


@router.post("/{job_id}/retry", summary="Retry failed documents", responses=responses(404, 409))
def retry_job(
    job_id: JobPath, core: TheCore, wanted: Annotated[RetryIn | None, Body()] = None
) -> JobOut:
    """Queue a job's failed documents again, optionally with another budget."""
    budget = wanted.budget.budget(core) if wanted and wanted.budget else None
    return _out(core, core.retry(job_id, budget))


@router.get("/{job_id}/documents", summary="List a job's documents", responses=responses(404))
def list_job_documents(
    job_id: JobPath,
    core: TheCore,
    state: Annotated[TaskState | None, Query(description="Only documents in this state.")] = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> list[JobDocumentOut]:
    """A job's documents in order of arrival; failed ones with the reason."""
    return [
        JobDocumentOut(
            document_id=task.document_id,
            source=task.source,
            state=task.state,
            attempts=task.attempts,
            error=task.error,
        )
        for task in core.queue.tasks(job_id, state=state, limit=limit)
    ]


@router.get("/{job_id}/quarantine", summary="List a job's quarantine", responses=responses(404))
def list_job_quarantine(job_id: JobPath, core: TheCore) -> list[QuarantinedOut]:
    """The passages of a job's documents for which a model gave no usable answer, and why."""
    found = quarantine_of(core, core.queue.job(job_id))
    return [
        QuarantinedOut(source=one.source, passage=one.passage, reason=one.reason) for one in found
    ]


def _out(core: Core, job: Job) -> JobOut:
    return JobOut.model_validate(job_fields(job_status(core, job)))
