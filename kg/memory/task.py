"""A task in the queue, with its lease."""

from dataclasses import dataclass, replace

from kg.jobs import Task, TaskState
from kg.tally import Tally


@dataclass(eq=False, slots=True)
class QueuedTask:
    """A task with its lease."""

    task: Task
    fingerprint: str
    priority: int = 0
    until: float = 0.0
    """When the lease runs out, in seconds since 1970."""
    passages: int = 0
    passages_done: int = 0

    @property
    def state(self) -> TaskState:
        """The task's state."""
        return self.task.state

    def is_held_by(self, worker: str) -> bool:
        """Whether this worker holds it."""
        return self.state is TaskState.EXTRACTING and self.task.worker == worker

    def tally(self) -> Tally:
        """Its contribution to its job's numbers."""
        done = min(self.passages_done, self.passages)
        return Tally(self.state, 1, self.task.drafted, self.passages, done)

    def become(self, state: TaskState) -> None:
        """End the lease, if any; drop the document once it is no longer needed."""
        needed = state in (TaskState.QUEUED, TaskState.FAILED)
        document = self.task.document if needed else None
        self.task = replace(self.task, state=state, document=document, worker="")
        self.until = 0.0
