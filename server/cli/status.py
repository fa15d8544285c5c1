"""`ammon status`: what is there."""

from typing import TYPE_CHECKING, Any

import typer

from server.cli import options
from server.cli.context import opened

if TYPE_CHECKING:
    from server.status import CollectionStatus


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: ammon status --json")(status)


def status(
    context: typer.Context,
    collection: options.CollectionName = None,
    as_json: options.AsJson = False,
) -> None:
    """Show the collections (or one of them), what is in them, and whether they are up to date."""
    from server.cli.output import console, print_json
    from server.status import collection_status

    with opened(context) as core:
        names = [collection] if collection else [found.name for found in core.store.collections()]
        found = [collection_status(core, name) for name in names]
        folder = str(core.settings.data_dir)
    if as_json:
        print_json({"data_dir": folder, "collections": [_row(status) for status in found]})
        return
    out = console()
    out.print(f"Data folder: {folder}")
    if not found:
        out.print("There are no collections yet: ammon ingest PATH")
    for one in found:
        counts = one.counts
        out.print(f"\n{one.collection.name}")
        out.print(
            f"  {counts['documents']} documents, {counts['passages']} passages, "
            f"{counts['entities']} entities, {counts['facts']} facts, "
            f"{counts['synonyms']} synonyms, {counts['quarantined']} in quarantine"
        )
        settings = one.collection.settings
        out.print(f"  extractor {settings.extractor}, embedder {settings.embedder}")
        out.print(f"  {_standing(one.snapshot, current=one.current, waiting=one.waiting)}")


def _standing(snapshot: str | None, *, current: bool, waiting: int) -> str:
    queued = f"; {waiting} documents wait (ammon ingest or ammon serve takes them in)"
    if current:
        told = f"up to date: snapshot {snapshot}"
    elif snapshot:
        told = f"behind: snapshot {snapshot} is older than the graph (ammon rebuild)"
    else:
        told = "no snapshot yet"
    return told + (queued if waiting else "")


def _row(status: "CollectionStatus") -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "name": status.collection.name,
        "revision": status.collection.revision,
        "settings": asdict(status.collection.settings),
        "counts": dict(status.counts),
        "snapshot": status.snapshot,
        "published_revision": status.published_revision,
        "current": status.current,
        "waiting": status.waiting,
    }
