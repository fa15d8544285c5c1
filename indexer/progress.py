"""Progress of a step, as the indexer reports it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import TypeAlias

GRACE_SECONDS = 8.0
"""What is nearly done when a process is to end shall be done."""

CUT_SHORT = "a snapshot is left to the next process: this one is to end"


@dataclass(frozen=True, kw_only=True, slots=True)
class StepProgress:
    """One step's state. `done` rises to `total`; `total` may rise too while work comes in."""

    step: str
    """'read', 'cut' (characters), 'extract' (documents), 'read passages' (by a chat model), 'embed
    passages', 'embed sentences', 'embed entities', 'embed facts' (texts), 'synonyms' (entities) or
    'gazetteer' (passages); 'elsewhere' (documents that others are at), 'filled elsewhere' (those of
    a job to which others add some), 'embed elsewhere' (messages to workers) and 'their snapshot',
    while others are waited for."""
    done: int
    total: int
    """0 while it is not known."""


ReportProgress: TypeAlias = Callable[[StepProgress], None]
"""Called from the thread that works; it must return soon."""


def ignore_progress(_: StepProgress) -> None:
    """Watch nothing."""


class Stopped(Exception):
    """The process is to end: whoever comes next does what was under way, and finds what is kept of
    it."""


def until_stopped(stop: Event) -> ReportProgress:
    """Watches nothing, but interrupts what reports to it some seconds after `stop` is set: it
    raises Stopped."""
    until: list[float] = []

    def report(_: StepProgress) -> None:
        if not stop.is_set():
            return
        until.append(time.monotonic() + GRACE_SECONDS)
        if time.monotonic() >= until[0]:
            raise Stopped

    return report
