"""Tasks on their way into the queue and back, within a transaction that alone changes tasks."""

from collections.abc import Mapping, Sequence
from typing import Any

from kg.absence import no_job
from kg.codec import document_fields, dumps
from kg.neo4j.tasks import task_properties
from kg.neo4j.work import Work
from kg.records import Document

FORGOTTEN_JOBS, _FORGOTTEN_TASKS = 50, 5000
"""That one transaction deletes at most: others wait for it."""


def alone(work: Work, collection: str | None = None) -> Work:
    """The queue's queries, in a transaction that alone changes tasks."""
    work.lock_all()
    return work.of("queue", collection)


def job_rows(work: Work, job_id: str) -> list[list[Mapping[str, Any]]]:
    """A job's row. Raises: JobNotFound."""
    rows = work.rows("job", job_id=job_id)
    if not rows:
        raise no_job(job_id)
    return rows


def requeue(work: Work, task_ids: list[str]) -> int:
    """Put tasks back, but for those that a newer text of their document made needless; return how
    many are in the queue again."""
    work.each("requeue", task_ids)
    return len(task_ids) - len(work.each("drop_superseded", task_ids))


def forget(work: Work, job_ids: Sequence[str]) -> int:
    """Delete jobs with their tasks, as far as one transaction goes; return how many are gone."""
    work, left = work.of("queue"), _FORGOTTEN_TASKS
    for number, job_id in enumerate(job_ids):
        left -= work.value("delete_tasks", job_id=job_id, limit=left) or 0
        if left == 0:  # the job may have more
            return number
        work.run("delete_job", job_id=job_id)
    return len(job_ids)


class NewTasks:
    """Documents that are to become tasks of a job, written once however often that is tried."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self._documents = documents
        self._newest = {document.id: number for number, document in enumerate(documents)}
        self._texts = [dumps(document_fields(document)) for document in documents]

    def insert(self, work: Work, job_id: str, first: int, priority: int) -> None:
        """Queue them instead of their older texts that wait, or failed."""
        work.each("supersede", self._newest)
        work.many(
            "insert_task",
            (
                task_properties(
                    document,
                    text if self._newest[document.id] == number else None,
                    job_id=job_id,
                    number=first + number,
                    priority=priority,
                )
                for number, (document, text) in enumerate(
                    zip(self._documents, self._texts, strict=True)
                )
            ),
        )
