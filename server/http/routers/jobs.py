"""Jobs: documents that were handed in together, and how far they are."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from kg.jobs import Job, TaskState
from server.core import Core
from server.http.dependencies import JobPath, TheCore
from server.http.problems import responses
from server.status import job_status

router = APIRouter(prefix="/jobs", tags=["jobs"])


class JobOut(BaseModel):
    """A job."""

    id: str = Field(examples=["job-5b0f0c1d2e3f405162738495a6b7c8d9"])
    collection: str = Field(examples=["papers"])
    created_at: datetime
    state: Literal["running", "publishing", "done"] = Field(
        description="'publishing': all documents are in the graph, questions do not see them yet."
    )
    counts: dict[TaskState, int] = Field(
        description="Documents in each state that occurs.",
        examples=[{"extracted": 58, "extracting": 2}],
    )
    total: int = Field(description="Documents.", examples=[60])
    percent: float = Field(description="Of them, those that are worked on.", examples=[96.7])
    documents_indexed: int = Field(
        description="Documents that questions see; counted when the last of those that are done "
        "is among them.",
        examples=[0],
    )


class JobDocumentOut(BaseModel):
    """A document of a job."""

    document_id: str = Field(examples=["doc-5b0f0c1d2e3f405162738495"])
    source: str = Field(examples=["notes/engram.md"])
    state: TaskState
    attempts: int = Field(examples=[1])
    error: str = Field(description="Why it failed; '' if it did not.", examples=[""])


@router.get("", summary="List jobs", responses=responses(404))
def list_jobs(
    core: TheCore,
    collection: Annotated[str | None, Query(description="Only this collection's.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[JobOut]:
    """Jobs, the newest first."""
    if collection is not None:
        core.store.collection(collection)
    return [_out(core, found) for found in core.queue.jobs(collection, limit=limit)]


@router.get("/{job_id}", summary="Read a job", responses=responses(404))
def read_job(job_id: JobPath, core: TheCore) -> JobOut:
    """How far a job is."""
    return _out(core, core.queue.job(job_id))


@router.post("/{job_id}/cancel", summary="Cancel a job", responses=responses(404))
def cancel_job(job_id: JobPath, core: TheCore) -> JobOut:
    """Call off what is not done. Of what is being worked on nothing more comes in."""
    return _out(core, core.queue.cancel(job_id))


@router.post("/{job_id}/retry", summary="Try failed documents again", responses=responses(404))
def retry_job(job_id: JobPath, core: TheCore) -> JobOut:
    """Put a job's failed documents back into the queue."""
    core.queue.retry_failed(job_id)
    core.worker.wake()
    return _out(core, core.queue.job(job_id))


@router.get("/{job_id}/documents", summary="List a job's documents", responses=responses(404))
def list_job_documents(
    job_id: JobPath,
    core: TheCore,
    state: Annotated[TaskState | None, Query(description="Only those in this state.")] = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> list[JobDocumentOut]:
    """A job's documents in order of arrival; those that failed with the reason."""
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


def _out(core: Core, job: Job) -> JobOut:
    found = job_status(core, job)
    return JobOut(
        id=job.id,
        collection=job.collection,
        created_at=job.created_at,
        state=found.state,
        counts=job.counts,
        total=job.total,
        percent=found.percent,
        documents_indexed=found.indexed,
    )
