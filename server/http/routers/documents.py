"""Documents: submitted as texts or files, listed, read, deleted."""

from collections.abc import Iterable, Sequence
from typing import Annotated, TypeAlias

from fastapi import APIRouter, Body, File, Query, Response, UploadFile, status

from indexer.intake.submission import Submission
from indexer.loaders import LoadFailure, load_bytes
from indexer.loaders.clean import clean_json, clean_line, clean_text
from kg import ids
from kg.records import Document, SourceDocument
from server.core import Core
from server.http.dependencies import CollectionPath, DocumentPath, TheCore
from server.http.problems import responses
from server.http.routers.document_models import (
    DocumentIn,
    DocumentOut,
    DocumentPage,
    DocumentSummary,
    EstimateOut,
    FailureOut,
    Handling,
    SubmissionOut,
)
from server.ingest import check_text, limits_of

router = APIRouter(prefix="/collections/{name}/documents", tags=["documents"])

TheHandling: TypeAlias = Annotated[Handling, Query()]

_MOST_AT_ONCE = 10_000


@router.post(
    "",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Ingest texts",
    responses=responses(404, 409),
)
def add_documents(
    name: CollectionPath,
    documents: Annotated[list[DocumentIn], Body(min_length=1, max_length=_MOST_AT_ONCE)],
    core: TheCore,
    response: Response,
    handling: TheHandling,
) -> SubmissionOut:
    """Queue texts. Unchanged texts cost nothing. If a text is larger than the setting max_file_mb
    allows, the whole request is refused."""
    submission = core.submit(
        name,
        _sources(core, documents),
        priority=handling.priority,
        budget=handling.budget(core),
    )
    return _submitted(submission, [], response)


@router.post("/estimate", summary="Estimate the cost of texts", responses=responses(404))
def estimate_documents(
    name: CollectionPath,
    documents: Annotated[list[DocumentIn], Body(min_length=1, max_length=_MOST_AT_ONCE)],
    core: TheCore,
) -> EstimateOut:
    """Estimate what a chat model would cost for these texts. Nothing is indexed."""
    core.store.collection(name)
    found = core.estimate(name, _sources(core, documents))
    return EstimateOut(
        documents=found.documents,
        unchanged=found.unchanged,
        passages=found.passages,
        to_read=found.to_read,
        input_tokens=found.spending.input_tokens,
        output_tokens=found.spending.output_tokens,
        cost=found.cost,
    )


@router.post(
    "/upload",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Ingest files",
    responses=responses(404, 409),
)
def upload_documents(
    name: CollectionPath,
    files: Annotated[
        list[UploadFile],
        File(min_length=1, description="txt, md, html, pdf, docx, csv, json or jsonl."),
    ],
    core: TheCore,
    response: Response,
    handling: TheHandling,
) -> SubmissionOut:
    """Queue files. A file that cannot be read is reported; the others are indexed."""
    core.store.collection(name)
    failures: list[FailureOut] = []
    submission = core.submit(
        name,
        _loaded(core, files, failures),
        priority=handling.priority,
        budget=handling.budget(core),
    )
    return _submitted(submission, failures, response)


@router.get("", summary="List documents", responses=responses(404))
def list_documents(
    name: CollectionPath,
    core: TheCore,
    cursor: Annotated[
        str,
        Query(description="`next_cursor` of the previous page.", pattern=r"^(doc-[0-9a-f]{24})?$"),
    ] = "",
    limit: Annotated[int, Query(ge=1, le=1000, description="How many at most.")] = 100,
) -> DocumentPage:
    """The documents in the graph, ordered by id, one page at a time."""
    found = core.documents(name, after=cursor, limit=limit + 1)
    page = found[:limit]
    return DocumentPage(
        documents=[DocumentSummary.model_validate(_fields(document)) for document in page],
        next_cursor=page[-1].id if len(found) > limit else None,
    )


@router.get("/{document_id}", summary="Read a document", responses=responses(404))
def read_document(name: CollectionPath, document_id: DocumentPath, core: TheCore) -> DocumentOut:
    """A document with its text."""
    found = core.store.document(name, document_id)
    return DocumentOut.model_validate({**_fields(found), "text": found.text})


@router.delete(
    "/{document_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Delete a document",
    responses=responses(404),
)
def delete_document(name: CollectionPath, document_id: DocumentPath, core: TheCore) -> None:
    """Delete a document and everything in the graph that only it supports."""
    core.delete_documents(name, [document_id])


def _sources(core: Core, documents: Sequence[DocumentIn]) -> list[SourceDocument]:
    """Raises: DocumentUnreadable for a text that is too long: nothing of the request is taken."""
    for number, document in enumerate(documents, start=1):
        name = document.source or document.title or f"document {number}"
        check_text(core.settings, name, document.text)
    return [_source(document) for document in documents]


def _source(document: DocumentIn) -> SourceDocument:
    title, text = clean_line(document.title), clean_text(document.text)
    metadata = {clean_text(key): clean_json(value) for key, value in document.metadata.items()}
    return SourceDocument(
        source=clean_line(document.source) or f"text:{ids.content_hash(title, text)}",
        title=title,
        text=text,
        metadata=metadata,
        observed_at=document.observed_at,
    )


def _loaded(
    core: Core, files: Iterable[UploadFile], failures: list[FailureOut]
) -> Iterable[SourceDocument]:
    limits = limits_of(core.settings)
    for file in files:
        for found in load_bytes(file.filename or "upload", file.file.read(), limits=limits):
            if isinstance(found, LoadFailure):
                failures.append(FailureOut(source=found.source, reason=found.reason))
            else:
                yield found


def _submitted(
    submission: Submission, failures: list[FailureOut], response: Response
) -> SubmissionOut:
    job = submission.job.id if submission.job else None
    if job:
        response.headers["Location"] = f"/api/v1/jobs/{job}"
    return SubmissionOut(
        job=job,
        submitted=submission.submitted,
        unchanged=submission.unchanged,
        under_way=submission.under_way,
        superseded=list(submission.superseded),
        failures=failures,
    )


def _fields(document: Document) -> dict[str, object]:
    return {
        "id": document.id,
        "source": document.source,
        "title": document.title,
        "media_type": document.media_type,
        "metadata": dict(document.metadata),
        "observed_at": document.observed_at,
        "characters": len(document.text),
    }
