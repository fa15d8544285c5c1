"""Progress of a step, as the indexer reports it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, kw_only=True, slots=True)
class StepProgress:
    """One step's state. `done` rises to `total`; `total` may rise too while work comes in."""

    step: str
    """'read', 'extract' (documents), 'read passages' (by a chat model), 'embed passages', 'embed
    sentences', 'embed entities', 'embed facts' (texts), 'synonyms' (entities) or 'gazetteer'
    (passages); 'elsewhere' (documents that others are at) and 'their snapshot', while others are
    waited for."""
    done: int
    total: int
    """0 while it is not known."""


ReportProgress: TypeAlias = Callable[[StepProgress], None]
"""Called from the thread that works; it must return soon."""


def ignore_progress(_: StepProgress) -> None:
    """Watch nothing."""
