"""Jobs and tasks as rows: written, put back in the queue, and read."""

import json
import uuid
from datetime import UTC, datetime

from kg.absence import no_job
from kg.codec import document_fields, document_of, dumps
from kg.jobs import Budget, Job, Prices, Progress, Task, TaskState
from kg.records import Document
from kg.sqlite.rows import Row, ids_of
from kg.sqlite.session import Session


def number_of(session: Session, job_id: str) -> int:
    """A job's number. Raises: JobNotFound."""
    for number, *_ in session.rows("job", id=job_id):
        return int(number)
    raise no_job(job_id)


def add_task(session: Session, document: Document, **properties: int) -> None:
    """Queue a document instead of its older texts that wait, or failed."""
    session.rows("supersede", document_id=document.id)
    session.rows(
        "insert_task",
        id=f"tsk-{uuid.uuid4().hex}",
        document_id=document.id,
        source=document.source,
        fingerprint=document.fingerprint,
        document=dumps(document_fields(document)),
        **properties,
    )


def requeue(session: Session, task_ids: list[str]) -> int:
    """Put tasks back, but for those that a newer text of their document made needless; return how
    many are in the queue again."""
    ids = ids_of(task_ids)
    session.rows("requeue", ids=ids)
    return len(task_ids) - len(session.rows("drop_superseded", ids=ids))


def job_record(row: Row, now: float) -> Job:
    """A job from its row, but for what its tasks make."""
    _, id_, collection, created_at, revision, priority, tokens, money, *rest, seconds, until = row
    price_input, price_output, input_tokens, output_tokens, cost = rest
    return Job(
        id=id_,
        collection=collection,
        created_at=datetime.fromtimestamp(created_at, UTC),
        revision=revision,
        priority=priority,
        budget=Budget(tokens=tokens, cost=money),
        prices=Prices(input=price_input, output=price_output),
        progress=Progress(input_tokens=input_tokens, output_tokens=output_tokens, cost=cost),
        worked_seconds=seconds,
        filling=until > now,
    )


def task_record(row: Row) -> Task:
    """A task from its row."""
    id_, job_id, collection, document, document_id, source, state, *rest = row
    attempts, error, worker, drafted = rest
    return Task(
        id=id_,
        job_id=job_id,
        collection=collection,
        document=_document(document),
        document_id=document_id,
        source=source,
        state=TaskState(state),
        attempts=attempts,
        error=error,
        worker=worker,
        drafted=bool(drafted),
    )


def _document(text: str | None) -> Document | None:
    return None if text is None else document_of(json.loads(text))
