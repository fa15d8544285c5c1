"""The sums over a job's tasks."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from kg.jobs import OPEN, Job, TaskState


@dataclass(frozen=True, slots=True)
class Tally:
    """The tasks of one job in one state: their number and the sums of their progress."""

    state: TaskState
    tasks: int
    drafted: int
    passages: int
    passages_done: int


def with_tallies(job: Job, tallies: Iterable[Tally]) -> Job:
    """Complete a job with the sums over its tasks."""
    found = list(tallies)
    counts: Counter[TaskState] = Counter()
    for tally in found:
        counts[tally.state] += tally.tasks
    return replace(
        job,
        counts=dict(counts),
        drafted=sum(tally.drafted for tally in found if tally.state in OPEN),
        progress=replace(
            job.progress,
            passages=sum(tally.passages for tally in found),
            passages_done=sum(tally.passages_done for tally in found),
        ),
    )
