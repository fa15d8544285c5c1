"""What a job's tasks add up to."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from kg.jobs import OPEN, Job, TaskState


@dataclass(frozen=True, slots=True)
class Tally:
    """Tasks of one job that are in one state, and the sums of what is noted of them."""

    state: TaskState
    tasks: int
    drafted: int
    passages: int
    passages_done: int


def with_tallies(job: Job, tallies: Iterable[Tally]) -> Job:
    """A job, of which all else is known, with the numbers that its tasks make."""
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
