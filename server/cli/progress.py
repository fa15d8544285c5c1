"""Progress on standard error: bars on a terminal, otherwise a line now and then."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from indexer.progress import ReportProgress, StepProgress

LABELS = {
    "read": "Reading files",
    "cut": "Cutting text into passages (characters)",
    "extract": "Extracting",
    "read passages": "Reading passages",
    "elsewhere": "Waiting for documents that other processes work on",
    "filled elsewhere": "Waiting for another command that adds documents to the job",
    "embed elsewhere": "Waiting for workers to embed (messages)",
    "their snapshot": "Waiting for another process to build a snapshot",
    "synonyms": "Linking synonyms",
    "gazetteer": "Finding names",
    "embed passages": "Embedding passages",
    "embed sentences": "Embedding sentences",
    "embed entities": "Embedding entities",
    "embed facts": "Embedding facts",
}
_EVERY_SECONDS = 5.0


@contextmanager
def shown_progress() -> Iterator[ReportProgress]:
    """A callback for steps that report their progress."""
    if sys.stderr.isatty():
        with _bars() as report:
            yield report
    else:
        yield _lines()


@contextmanager
def _bars() -> Iterator[ReportProgress]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from server.cli.output import console

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    tasks: dict[str, int] = {}
    lock = Lock()
    with Progress(*columns, TimeElapsedColumn(), console=console(stderr=True)) as bars:

        def report(step: StepProgress) -> None:
            with lock:
                if step.step not in tasks:
                    label = LABELS.get(step.step, step.step)
                    tasks[step.step] = bars.add_task(label, total=None)
            total = step.total or None
            bars.update(bars.task_ids[tasks[step.step]], completed=step.done, total=total)

        yield report


def _lines() -> ReportProgress:
    """Prints a line when a step is done, and every few seconds before that if something has
    changed."""
    told: dict[str, float] = {}
    lines: dict[str, str] = {}
    lock = Lock()

    def report(step: StepProgress) -> None:
        now = time.monotonic()
        of_total = f"{step.done:,}/{step.total:,}" if step.total else f"{step.done:,}"
        line = f"{LABELS.get(step.step, step.step)}: {of_total}\n"
        with lock:
            last = told.setdefault(step.step, now)
            done = bool(step.total) and step.done >= step.total
            if lines.get(step.step) == line or (not done and now - last < _EVERY_SECONDS):
                return
            told[step.step], lines[step.step] = now, line
        sys.stderr.write(line)

    return report
