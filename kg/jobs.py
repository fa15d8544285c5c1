"""Jobs and their tasks: a job is of documents that were submitted together, a task of one of them.

The ports for them are in `kg.queue`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from kg.records import Document

LONGEST_STEP = 60.0
"""The most seconds between two progress notes that count as work; the rest counts as a pause."""


EVERY_REVISION = (1 << 63) - 1
"""No revision is newer."""


class TaskState(StrEnum):
    """A document's state: queued -> extracting -> extracted, or failed, or cancelled; superseded if
    a newer text of it was queued before it was done.

    A document is `indexed` when, beyond `extracted`, a published snapshot contains its revision.
    """

    QUEUED = "queued"
    EXTRACTING = "extracting"
    EXTRACTED = "extracted"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"


CALLED_OFF = (TaskState.CANCELLED, TaskState.SUPERSEDED)
"""States of tasks that nobody will work on any more."""

OPEN = (TaskState.QUEUED, TaskState.EXTRACTING)
"""States of unfinished tasks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """One document on its way into the graph."""

    id: str
    job_id: str
    collection: str
    document: Document | None
    """None once nobody is to work on the task any more: its text is then in the graph, or
    dropped."""
    document_id: str
    source: str
    state: TaskState = TaskState.QUEUED
    attempts: int = 0
    error: str = ""
    worker: str = ""
    """The worker that holds its lease; '' if none does."""
    drafted: bool = False
    """Whether the document is in the graph already, with an extraction that will be replaced."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """Progress of a task or job, and what models cost for it."""

    passages: int = 0
    """Known so far: a document's passages are counted when work on it begins."""
    passages_done: int = 0
    """How many of them have the extraction that their collection is configured for."""
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0
    """Money, in the currency of the prices; 0 if prices are unknown."""

    def __add__(self, other: "Progress") -> "Progress":
        return Progress(
            passages=self.passages + other.passages,
            passages_done=self.passages_done + other.passages_done,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cost=self.cost + other.cost,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """What a job may spend on models; None means no limit."""

    tokens: int | None = None
    """Input and output tokens together."""
    cost: float | None = None
    """Money, in the currency of the prices."""


UNLIMITED = Budget()


@dataclass(frozen=True, kw_only=True, slots=True)
class Prices:
    """Prices of a chat model, in any currency, per million tokens; 0 if unknown."""

    input: float = 0.0
    output: float = 0.0

    @property
    def known(self) -> bool:
        """Whether both prices are known: an answer's cost needs both."""
        return self.input > 0 and self.output > 0

    def cost(self, input_tokens: int, output_tokens: int) -> float:
        """The cost of so many tokens; 0 unless both prices are known."""
        if not self.known:
            return 0.0
        return (input_tokens * self.input + output_tokens * self.output) / 1e6


UNKNOWN = Prices()


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """Documents that were submitted together."""

    id: str
    collection: str
    created_at: datetime
    counts: dict[TaskState, int] = field(default_factory=dict)
    """Number of its tasks in each state that occurs."""
    revision: int = 0
    """The collection's revision after its most recently completed task; 0 before the first."""
    priority: int = 0
    budget: Budget = UNLIMITED
    prices: Prices = UNKNOWN
    """The prices when it was submitted; its costs are computed with them."""
    drafted: int = 0
    """Number of its open tasks whose documents are in the graph as drafts."""
    progress: Progress = Progress()
    """Of all of its tasks together."""
    worked_seconds: float = 0.0
    """Seconds with progress: the sum of the times between progress notes, each cut at
    LONGEST_STEP."""
    filling: bool = False
    """Whether more documents are still being added: it is not over, even if all documents so far
    are done (see `JobStore.fill`)."""

    @property
    def total(self) -> int:
        """Number of documents."""
        return sum(self.counts.values())

    @property
    def open(self) -> int:
        """Number of unfinished documents."""
        return sum(self.counts.get(state, 0) for state in OPEN)
