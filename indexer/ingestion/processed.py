"""What became of tasks that were worked on."""

from collections.abc import Mapping
from dataclasses import dataclass

from kg.records import Passage


@dataclass(frozen=True, kw_only=True, slots=True)
class Processed:
    """What became of tasks that were worked on."""

    done: int = 0
    failed: int = 0
    retried: int = 0
    """Tasks that are back in the queue because a model cannot be reached at present, or because of
    an error that nobody foresaw."""
    quarantined: int = 0
    """Passages whose extraction failed."""
    drafted: int = 0
    """Tasks that are back in the queue, their documents in the graph as drafts."""
    trouble: str = ""
    """Why a model cannot be reached; '' if all can."""
    permanent: bool = False
    """Whether waiting does not resolve the trouble."""

    def __add__(self, other: "Processed") -> "Processed":
        return Processed(
            done=self.done + other.done,
            failed=self.failed + other.failed,
            retried=self.retried + other.retried,
            quarantined=self.quarantined + other.quarantined,
            drafted=self.drafted + other.drafted,
            trouble=other.trouble or self.trouble,
            permanent=self.permanent or other.permanent,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Gathered:
    """What happened to tasks whose passages other processes extract."""

    result: Processed
    missing: Mapping[str, tuple[Passage, ...]]
    """Task id -> its document's passages that have no saved extraction."""
