"""Jobs and tasks as properties of nodes, and properties as jobs and tasks."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from kg.codec import document_of
from kg.jobs import Budget, Job, Prices, Progress, Task, TaskState
from kg.records import Document

_SUMS = ("open", "drafts", "passages", "passages_done")
"""Beside the number of tasks in each state: of those that are open, of these the number that are
drafted, and of all tasks the passages."""


def account_record(row: Mapping[str, Any], now: float) -> Job:
    """A job from its node, without the sums over its tasks."""
    job = job_record(row, now)
    progress = replace(job.progress, passages=0, passages_done=0)
    return replace(job, counts={}, drafted=0, progress=progress)


def job_properties(
    job_id: str, number: int, now: float, priority: int, budget: Budget, prices: Prices
) -> dict[str, Any]:
    """A new job's properties."""
    return {
        "id": job_id,
        "number": number,
        "created_at": datetime.fromtimestamp(now, UTC),
        "revision": 0,
        "priority": priority,
        "budget_tokens": budget.tokens,
        "budget_cost": budget.cost,
        "price_input": prices.input,
        "price_output": prices.output,
        "input_tokens": 0,
        "output_tokens": 0,
        "cost": 0.0,
        "worked_seconds": 0.0,
        "worked_at": now,
        **dict.fromkeys((*TaskState, *_SUMS), 0),
    }


def job_record(row: Mapping[str, Any], now: float) -> Job:
    """A job from its node, which has the sums over its tasks: whoever changes tasks keeps them."""
    created_at: datetime = row["created_at"].to_native()
    return Job(
        id=row["id"],
        collection=row["collection"],
        created_at=created_at.astimezone(UTC),
        revision=row["revision"],
        priority=row["priority"],
        budget=Budget(tokens=row.get("budget_tokens"), cost=row.get("budget_cost")),
        prices=Prices(input=row.get("price_input", 0.0), output=row.get("price_output", 0.0)),
        # What an older version made has no number of those that are superseded.
        counts={state: row[state] for state in TaskState if row.get(state)},
        drafted=row["drafts"],
        progress=Progress(
            passages=row["passages"],
            passages_done=row["passages_done"],
            input_tokens=row["input_tokens"],
            output_tokens=row["output_tokens"],
            cost=row["cost"],
        ),
        worked_seconds=row["worked_seconds"],
        filling=row.get("filled_until", 0.0) > now,
    )


def task_properties(
    document: Document,
    text: str | None,
    *,
    job_id: str,
    number: int,
    priority: int,
    drafted: bool = False,
    passages: int = 0,
) -> dict[str, Any]:
    """A new task's properties; `text` is the document as JSON, or None if a later task of the same
    job has a newer text of it."""
    return {
        "id": f"tsk-{uuid.uuid4().hex}",
        "job_id": job_id,
        "number": number,
        "rank": -priority,
        "document_id": document.id,
        "source": document.source,
        "fingerprint": document.fingerprint,
        "document": text,
        "state": "queued" if text is not None else "superseded",
        "attempts": 0,
        "error": "",
        "worker": "",
        "drafted": int(drafted),
        "passages": passages,
        "passages_done": 0,
    }


def task_record(row: Mapping[str, Any]) -> Task:
    """A task from its node."""
    text = row.get("document")
    return Task(
        id=row["id"],
        job_id=row["job_id"],
        collection=row["collection"],
        document=None if text is None else document_of(json.loads(text)),
        document_id=row["document_id"],
        source=row["source"],
        state=TaskState(row["state"]),
        attempts=row["attempts"],
        error=row["error"],
        worker=row["worker"],
        drafted=bool(row["drafted"]),
    )
