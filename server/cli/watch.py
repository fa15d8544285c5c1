"""`ammon status --watch`: the state of collections and jobs, refreshed every second."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Group

    from indexer.refusals import Refusal
    from server.core import Core
    from server.reports.status import JobStatus

_EVERY_SECONDS = 1.0
_BAR = 24


def watch(core: "Core", wait: "Callable[[float], object]", collection: str | None = None) -> None:
    """Show the state every second until `wait` is interrupted; without a terminal, print it
    whenever it changes."""
    from rich.live import Live

    from server.cli.output import console

    out = console()
    if out.is_terminal:
        with Live(console=out, auto_refresh=False) as live:
            while True:
                live.update(view(core, collection), refresh=True)
                wait(_EVERY_SECONDS)
    told = ""
    while True:
        with out.capture() as printed:
            out.print(view(core, collection))
        if printed.get() != told:
            told = printed.get()
            sys.stdout.write(told)
            sys.stdout.flush()
        wait(_EVERY_SECONDS)


def view(core: "Core", collection: str | None = None) -> "Group":
    """The present state of collections and of unfinished jobs."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from server.cli.output import NO_COLLECTIONS, printable
    from server.reports.collection_status import collection_status
    from server.reports.jobs import running

    names = [collection] if collection else [found.name for found in core.store.collections()]
    collections = Table(box=None, pad_edge=False)
    for title in ("collection", "documents", "passages", "quarantined", "waiting", "snapshot"):
        collections.add_column(title, justify="left" if title == "collection" else "right")
    refused: dict[Refusal, None] = {}
    for name in names:
        found = collection_status(core, name)
        refused.update(dict.fromkeys(found.refused))
        counts = [found.counts[kind] for kind in ("documents", "passages", "quarantined")]
        numbers = [f"{count:,}" for count in (*counts, found.waiting)]
        collections.add_row(Text(name), *numbers, found.standing)
    jobs = Table(box=None, pad_edge=False)
    for title in ("job", "", "documents", "passages", "per second", "left", "tokens", "money"):
        jobs.add_column(title, justify="right" if title and title != "job" else "left")
    chosen = [one for one in running(core) if collection in (None, one.job.collection)]
    for status in chosen:
        jobs.add_row(*_row(status))
    nothing = Text("No jobs are running.")
    reasons = [
        Text(f"{one.job.id[:12]} waits: {printable(one.waiting_because)}")
        for one in chosen
        if one.waiting_because
    ]
    refused.update(dict.fromkeys(one for status in chosen for one in status.refused))
    reasons += [Text(printable(str(one))) for one in refused]
    return Group(
        collections if names else Text(NO_COLLECTIONS),
        Text(),
        jobs if chosen else nothing,
        *reasons,
    )


def _row(status: "JobStatus") -> list[str]:
    from kg.jobs import TaskState
    from server.budgets import format_money, format_seconds

    job, progress = status.job, status.job.progress
    share = progress.passages_done / progress.passages if progress.passages else 0.0
    filled = round(share * _BAR)
    tokens = progress.input_tokens + progress.output_tokens
    failed = job.counts.get(TaskState.FAILED, 0)
    under_way = bool(job.open or job.filling)
    return [
        job.id[:12],
        "█" * filled + "░" * (_BAR - filled),
        f"{job.total - job.open} of {job.total}" + (f", {failed} failed" if failed else ""),
        f"{progress.passages_done:,} of {progress.passages:,}",
        f"{status.rate:.1f}" if under_way and status.rate is not None else "",
        format_seconds(status.seconds_left) if under_way and status.seconds_left else "",
        f"{tokens:,}" if tokens else "",
        format_money(progress.cost) if progress.cost else "",
    ]
