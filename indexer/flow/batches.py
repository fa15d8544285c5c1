"""Batches: passages that one worker extracts, and the tasks whose documents they are of."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from indexer.ingestion.work import reads_ahead
from kg.jobs import Task
from kg.records import JSON, Passage

PASSAGES = 4
"""In one batch: few, so that many workers share one document, and each answers soon."""
MOST_BATCHES = 64
"""Of one document: longer ones have larger batches."""
MOST_LOOKED_AT = 512
"""Passages by which it is judged whether a document may be whole."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Passages of documents of one job, on their way to an extractor."""

    collection: str
    job: str
    worker: str
    """Who holds the leases of the tasks."""
    tasks: Mapping[str, Sequence[str]]
    """Task id -> passages that its document lacks, in other batches too; of very many, some."""
    own: Mapping[str, Sequence[str]]
    """Task id -> those of them that are in this batch."""
    passages: Sequence[Passage]
    ahead: bool = False
    """Whether they are extracted for what the collection is indexed with next."""

    def part(self, own: Mapping[str, Sequence[str]]) -> "Batch":
        """The batch of these passages of these tasks."""
        wanted = {key for keys in own.values() for key in keys}
        return replace(
            self,
            tasks={task_id: self.tasks[task_id] for task_id in own},
            own=own,
            passages=[passage for passage in self.passages if passage.id in wanted],
        )

    def fields(self) -> dict[str, JSON]:
        """As a message."""
        return {
            "collection": self.collection,
            "job": self.job,
            "worker": self.worker,
            "tasks": {key: list(ids) for key, ids in self.tasks.items()},
            "own": {key: list(ids) for key, ids in self.own.items()},
            "ahead": self.ahead,
            "passages": [[p.id, p.title, p.heading, p.text] for p in self.passages],
        }

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> "Batch":
        """The batch that `fields` tells of."""
        rows = fields["passages"]
        passages = [Passage(id=a, title=b, heading=c, text=d) for a, b, c, d in rows]
        return cls(**{**fields, "passages": passages})


def batches(tasks: Sequence[Task], missing: Mapping[str, Sequence[Passage]]) -> Iterator[Batch]:
    """Cut what tasks lack (task id -> passages) into batches; each passage is in one of them,
    however many documents have it."""
    groups: dict[tuple[str, str, bool], list[Task]] = {}
    for task in tasks:
        if missing.get(task.id):
            groups.setdefault((task.job_id, task.worker, reads_ahead(task)), []).append(task)
    for group in groups.values():
        yield from _of_group(group, missing)


def _of_group(tasks: Sequence[Task], missing: Mapping[str, Sequence[Passage]]) -> Iterator[Batch]:
    tasks_of: dict[str, list[str]] = {}
    passages: dict[str, Passage] = {}
    for task in tasks:
        for passage in missing[task.id]:
            passages[passage.id] = passage
            tasks_of.setdefault(passage.id, []).append(task.id)
    longest = max(len(missing[task.id]) for task in tasks)
    size = max(PASSAGES, -(-longest // MOST_BATCHES))
    ordered = list(passages.values())
    for start in range(0, len(ordered), size):
        chosen = ordered[start : start + size]
        own: dict[str, list[str]] = {}
        for passage in chosen:
            for task_id in tasks_of[passage.id]:
                own.setdefault(task_id, []).append(passage.id)
        yield Batch(
            collection=tasks[0].collection,
            job=tasks[0].job_id,
            worker=tasks[0].worker,
            tasks={task_id: _some(missing[task_id]) for task_id in own},
            own=own,
            passages=chosen,
            ahead=reads_ahead(tasks[0]),
        )


def _some(passages: Sequence[Passage]) -> list[str]:
    stride = -(-len(passages) // MOST_LOOKED_AT)
    return [passage.id for passage in passages[::stride]]
