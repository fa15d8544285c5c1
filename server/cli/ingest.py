"""`ammon ingest`: files and folders into a collection."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.cli import options
from server.cli.context import opened

if TYPE_CHECKING:
    from server.ingest import IngestReport

_SHOWN = 10
"""Replaced documents that are named; --json gives all."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: ammon ingest papers/ notes.md --collection research")(ingest)


def ingest(
    context: typer.Context,
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH", help="Files, and folders with files.", show_default=False),
    ],
    collection: options.CollectionName = None,
    extractor: options.ExtractorName = None,
    embedder: options.EmbedderName = None,
    passage_tokens: options.PassageTokens = None,
    overlap_tokens: options.OverlapTokens = None,
    prefix: Annotated[
        str,
        typer.Option(
            metavar="TEXT",
            help="Put before every source, to tell files of one name from different places apart.",
        ),
    ] = "",
    as_json: options.AsJson = False,
) -> None:
    """Take in files: txt, md, html, pdf, docx, csv, json, jsonl, and folders of them.

    A file is known by its name, one in a folder by its path below that folder: what comes under a
    known name takes the place of the old text. What did not change costs nothing. The collection
    is made if there is none; how it is indexed is settled then. Exit code 1 if some files failed.
    """
    from dataclasses import asdict

    from server.cli.output import print_json
    from server.cli.progress import shown_progress
    from server.core import Wanted
    from server.ingest import ingest as ingest_files

    wanted = Wanted(
        extractor=extractor,
        embedder=embedder,
        max_tokens=passage_tokens,
        overlap_tokens=overlap_tokens,
    )
    with opened(context) as core:
        name = collection or core.settings.collection
        core.ensure_collection(name, wanted)
        with shown_progress() as progress:
            report = ingest_files(core, name, paths, progress, prefix=prefix)
    if as_json:
        print_json(asdict(report))
    else:
        _print(report)
    raise typer.Exit(1 if report.failed else 0)


def _print(report: "IngestReport") -> None:
    from server.cli.output import console, counted, print_error, print_warning

    for failure in report.failed:
        named = failure.source in failure.reason
        print_error(failure.reason if named else f"{failure.source}: {failure.reason}")
    for source in report.superseded:
        print_warning(f"{source} came more than once: the last one counts.")
    out = console()
    if report.replaced:
        shown = ", ".join(report.replaced[:_SHOWN])
        more = f" and {len(report.replaced) - _SHOWN} more" if len(report.replaced) > _SHOWN else ""
        out.print(f"Replaced by what was read now: {shown}{more}")
    out.print(
        f"Documents: {report.new} new, {report.changed} changed, {report.unchanged} unchanged, "
        f"{len(report.failed)} failed"
        + (f", {len(report.skipped)} of other kinds left out" if report.skipped else "")
    )
    out.print(
        f"Collection {report.collection!r}: {counted(report.documents, 'document')}, "
        f"{counted(report.passages, 'passage')}, {report.entities} entities, "
        f"{counted(report.facts, 'fact')}"
        + (f", {report.quarantined} in quarantine" if report.quarantined else "")
        + f" ({report.seconds:.1f} s)"
    )
