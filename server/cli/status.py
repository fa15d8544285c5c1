"""`ammon status`: collections, their contents, and whether they are up to date."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from server.cli import options
from server.cli.context import opened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from server.reports.collection_status import CollectionStatus
    from server.reports.quarantine import Quarantined

_LONGEST = 160
"""Characters of a line about quarantined passages; `ammon jobs show` and --json show all."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: ammon status --json")(status)


def status(
    context: typer.Context,
    collection: options.CollectionName = None,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Refresh every second, and show jobs too.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Show collections (or one of them): their contents, and whether they are up to date."""
    if watch:
        _watch(context, collection, as_json=as_json)
        return
    from kg.fail_fast import failing_fast
    from server.cli.jobs import job_line
    from server.cli.output import NO_COLLECTIONS, console, print_json, print_warning
    from server.reports.collection_status import collection_status
    from server.reports.jobs import job_fields, running
    from server.reports.quarantine import quarantine

    with opened(context) as core:
        with failing_fast():
            far_trouble = core.folders.trouble()
        names = [collection] if collection else [found.name for found in core.store.collections()]
        found = [collection_status(core, name, verify=True) for name in names]
        apart = [quarantine(core, name) for name in names]
        under_way = running(core)
        folder, url = str(core.settings.data_dir), core.settings.snapshot_url
        takers = (
            "ammon worker processes them"
            if core.settings.broker_url
            else "ammon ingest or ammon serve processes them"
        )
    if as_json:
        print_json(
            {
                "data_dir": folder,
                "snapshot_url": url,
                "snapshots_unreachable": far_trouble,
                "collections": [_row(*pair) for pair in zip(found, apart, strict=True)],
                "jobs": [job_fields(one) for one in under_way],
            }
        )
        return
    out = console()
    out.print(f"Data folder: {folder}")
    if url:
        out.print(f"Snapshots: {url}")
    if far_trouble:
        print_warning(f"{far_trouble} Nothing is published meanwhile.")
    if not found:
        out.print(NO_COLLECTIONS)
    for one, quarantined in zip(found, apart, strict=True):
        _print(one, quarantined, takers)
    for job in under_way:
        if collection in (None, job.job.collection):
            out.print(f"\n{job.job.id} ({job.job.collection}): {job_line(job)}")


def _print(status: "CollectionStatus", quarantined: "Sequence[Quarantined]", takers: str) -> None:
    from textwrap import shorten

    from server.cli.output import console, counted, printable, quarantine_lines

    out, counts, settings = console(), status.counts, status.collection.settings
    out.print(f"\n{status.collection.name}")
    out.print(
        f"  {counted(counts['documents'], 'document')}, "
        f"{counted(counts['passages'], 'passage')}, "
        f"{counted(counts['entities'], 'entity', 'entities')}, "
        f"{counted(counts['facts'], 'fact')}, {counted(counts['synonyms'], 'synonym')}, "
        f"{counts['quarantined']} in quarantine"
    )
    out.print(f"  extractor {settings.extractor}, embedder {settings.embedder}")
    if upcoming := settings.upcoming:
        out.print(
            f"  being re-indexed with extractor {upcoming.extractor}, passages of "
            f"{upcoming.max_tokens} tokens{_how_far(status)}"
        )
    out.print(f"  {_standing(status, takers)}")
    if status.waiting_because not in {"", *(one.reason for one in status.refused)}:
        out.print(f"  waiting: {printable(status.waiting_because)}")
    for one in status.refused:
        out.print(f"  {printable(str(one))}")
    for line in quarantine_lines(quarantined):
        out.print(f"  {shorten(printable(line), _LONGEST, placeholder=' …')}")


def _watch(context: typer.Context, collection: str | None, *, as_json: bool) -> None:
    import time

    from server.cli.watch import watch

    if as_json:
        raise typer.BadParameter("--watch cannot be combined with --json.")
    with opened(context) as core:
        if collection:
            core.store.collection(collection)
        try:
            watch(core, time.sleep, collection)
        except KeyboardInterrupt:
            return


def _standing(status: "CollectionStatus", takers: str) -> str:
    """Whether questions see everything, and the command to run if they do not."""
    from server.cli.output import counted

    remedy = f"ammon rebuild --collection {status.collection.name!r}"
    match status.standing:
        case "unusable":
            told = f"cannot be used: {status.damage}"
        case "rebuilding":
            told = f"is being built again, as it cannot be used: {status.damage}"
        case "up to date":
            told = f"up to date: snapshot {status.snapshot}"
        case "swapping":
            told = f"being re-indexed: snapshot {status.snapshot} is used until that is done"
        case "behind":
            told = f"behind: snapshot {status.snapshot} is older than the graph ({remedy})"
        case "missing":
            told = f"no snapshot has been published, so queries find nothing ({remedy})"
        case "none yet":
            told = "no snapshot yet"
    if not status.waiting:
        return told
    waiting = counted(status.waiting, "document")
    return f"{told}; {waiting} queued ({takers})"


def _how_far(status: "CollectionStatus") -> str:
    from kg.jobs import CALLED_OFF, TaskState

    if status.read_ahead is None:
        return ""
    counts = status.read_ahead.counts
    total = status.read_ahead.total - sum(counts.get(state, 0) for state in CALLED_OFF)
    failed = counts.get(TaskState.FAILED, 0)
    return f": {counts.get(TaskState.EXTRACTED, 0)} of {total}" + (
        f", {failed} failed" if failed else ""
    )


def _row(status: "CollectionStatus", quarantine: "Sequence[Quarantined]") -> dict[str, Any]:
    from dataclasses import asdict

    from kg.codec import settings_fields

    return {
        "name": status.collection.name,
        "revision": status.collection.revision,
        "settings": settings_fields(status.collection.settings),
        "counts": dict(status.counts),
        "snapshot": status.snapshot,
        "published_revision": status.published_revision,
        "current": status.current,
        "damage": status.damage,
        "rebuilding": status.rebuilding,
        "quarantine": [asdict(one) for one in quarantine],
        "waiting": status.waiting,
        "waiting_because": status.waiting_because,
        "refused": [asdict(one) for one in status.refused],
    }
