"""`ammon ingest`: files and folders into a collection."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from server.cli import options
from server.cli.context import opened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from server.ingest import Failure, FilesEstimate, IngestReport

_RECORD = re.compile(r"#\d+$")
_SHOWN = 10
"""How many replaced documents and empty files are named; --json names all."""
_FAILURES_OF_FILE = 5
"""How many failures are shown of one file; --json shows all."""


_Paths: TypeAlias = Annotated[
    list[str],
    typer.Argument(metavar="PATH", help="Files and folders.", show_default=False),
]
_Prefix: TypeAlias = Annotated[
    str,
    typer.Option(
        metavar="TEXT",
        help="Prefix for every source, to tell apart files of the same name from different places.",
    ),
]
_Priority: TypeAlias = Annotated[
    int,
    typer.Option(
        metavar="N",
        min=-1000,
        max=1000,
        help="Jobs with a higher priority are processed first.",
    ),
]
_Estimate: TypeAlias = Annotated[
    bool,
    typer.Option("--estimate", help="Only estimate what a chat model would cost."),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: ammon ingest papers/ notes.md --collection research")(ingest)


def ingest(
    context: typer.Context,
    paths: _Paths,
    collection: options.CollectionName = None,
    extractor: options.ExtractorName = None,
    embedder: options.EmbedderName = None,
    passage_tokens: options.PassageTokens = None,
    overlap_tokens: options.OverlapTokens = None,
    prefix: _Prefix = "",
    budget: options.BudgetAmount = None,
    priority: _Priority = 0,
    estimate: _Estimate = False,
    as_json: options.AsJson = False,
) -> None:
    """Index files: txt, md, html, pdf, docx, csv, json, jsonl, and folders of them.

    A file is known by its name, one in a folder by its path below that folder; a file with a known
    name replaces the old text. Unchanged files cost nothing. A missing collection is created, with
    the extractor, embedder and passage size given here. In folders, empty files and those of other
    types are skipped. Exit code 1 if files failed or were cancelled, or if nothing usable was found
    in any of their passages; the others are indexed all the same.

    If a chat model reads them, they are searchable before it is done. When the budget is spent,
    nothing more is sent to it: `ammon jobs retry` continues with a larger one.
    """
    from server import ingest as files
    from server.cli.progress import shown_progress
    from server.indexing_options import IndexingOptions

    chosen = _named(paths)
    options = IndexingOptions(
        extractor=extractor,
        embedder=embedder,
        max_tokens=passage_tokens,
        overlap_tokens=overlap_tokens,
    )
    with opened(context) as core:
        name = collection or core.settings.collection
        limit = core.budget(budget)
        if estimate:
            with shown_progress() as progress:
                found = files.estimate(core, name, chosen, options, progress, prefix=prefix)
            _tell_estimate(found, as_json=as_json)
            raise typer.Exit(1 if found.failed else 0)
        core.ensure_collection(name, options)
        with shown_progress() as progress:
            report = files.ingest(
                core, name, chosen, progress, prefix=prefix, priority=priority, budget=limit
            )
    _tell(report, as_json=as_json)
    incomplete = report.failed or report.cancelled or report.cut_short or report.all_quarantined
    raise typer.Exit(1 if incomplete else 0)


def _named(paths: list[str]) -> list[Path]:
    if not all(path.strip() for path in paths):  # as a path, "" would be the working directory
        raise typer.BadParameter("a PATH is empty: name a file or a folder.")
    return [Path(path) for path in paths]


def failure_lines(failures: "Sequence[Failure]") -> "Iterator[str]":
    """A line for each failure, up to a few for each file: the source of a record in a file is
    FILE#NUMBER."""
    files: dict[str, list[Failure]] = {}
    for failure in failures:
        files.setdefault(_RECORD.sub("", failure.source), []).append(failure)
    for file, found in files.items():
        for failure in found[:_FAILURES_OF_FILE]:
            named = failure.source in failure.reason
            yield failure.reason if named else f"{failure.source}: {failure.reason}"
        if len(found) > _FAILURES_OF_FILE:
            yield f"… and {len(found) - _FAILURES_OF_FILE:,} more in {file}"


def _tell_estimate(found: "FilesEstimate", *, as_json: bool) -> None:
    from dataclasses import asdict

    from server.budgets import format_money
    from server.cli.output import console, counted, print_error, print_json

    if as_json:
        value = asdict(found)
        value["estimate"]["spending"]["cost"] = found.estimate.cost
        print_json(value)
        return
    for line in failure_lines(found.failed):
        print_error(line)
    about, spent = found.estimate, found.estimate.spending
    out = console()
    out.print(
        f"{counted(about.documents, 'document')} to index, {about.unchanged} unchanged; "
        f"{counted(about.passages, 'passage')}, {about.to_read} of them to extract"
    )
    if not spent.tokens:
        out.print("No chat model is needed.")
        return
    cost = "prices unknown (AMMON_LLM_PRICE_INPUT, AMMON_LLM_PRICE_OUTPUT)"
    if about.cost is not None:
        cost = f"about {format_money(about.cost)}"
    out.print(
        f"The chat model would read about {spent.input_tokens:,} tokens and write about "
        f"{spent.output_tokens:,}: {cost}"
    )


def _tell(report: "IngestReport", *, as_json: bool) -> None:
    from dataclasses import asdict

    from server.cli.output import print_error, print_json, print_warning, quarantine_lines

    if as_json:
        print_json(asdict(report))
        return
    for line in failure_lines(report.failed):
        print_error(line)
    for source in report.superseded:
        print_warning(f"{source} was given more than once: the last one is used.")
    for line in quarantine_lines(report.quarantine):
        print_warning(line)
    if report.quarantine:
        _tell_remedy(report)
    for line in cancelled_line(report):
        print_error(line)
    _tell_numbers(report)


def cancelled_line(report: "IngestReport") -> "Iterator[str]":
    """Which documents were cancelled meanwhile, and what to do about it."""
    from server.cli.output import counted

    if report.cancelled:
        were, them = ("was", "it") if report.cancelled == 1 else ("were", "them")
        yield (
            f"{counted(report.cancelled, 'document')} {were} cancelled: to ingest {them}, run the "
            "same command again."
        )
    if report.cut_short:
        yield (
            "The job was cancelled before all files were read: to ingest the rest, run the same "
            "command again."
        )


def _tell_remedy(report: "IngestReport") -> None:
    from server.cli.output import counted, print_error, print_warning

    passages = counted(report.quarantined, "passage")
    if report.all_quarantined:
        print_error(
            f"Nothing usable was found in any passage: {passages} in quarantine. Fix the causes "
            "above (for example, choose another model), then ingest the same files again: "
            "passages in quarantine are retried."
        )
        return
    print_warning(f"{passages} in quarantine: to retry them, ingest these documents again.")


def counts_line(report: "IngestReport") -> str:
    """How many documents were new, changed or unchanged."""
    under_way = f"{report.under_way} under way in another job, " if report.under_way else ""
    cancelled = f"{report.cancelled} cancelled, " if report.cancelled else ""
    skipped = f", {len(report.skipped)} of unsupported types skipped" if report.skipped else ""
    skipped += f", {len(report.empty)} empty skipped" if report.empty else ""
    return (
        f"Documents: {report.new} new, {report.changed} changed, {report.unchanged} unchanged, "
        f"{under_way}{cancelled}{len(report.failed)} failed{skipped}"
    )


def _some(sources: "Sequence[str]") -> str:
    """The first of them, and how many there are besides."""
    shown = ", ".join(sources[:_SHOWN])
    return f"{shown} and {len(sources) - _SHOWN} more" if len(sources) > _SHOWN else shown


def _tell_numbers(report: "IngestReport") -> None:
    from server.budgets import format_money
    from server.cli.output import console, counted

    out = console()
    if report.replaced:
        out.print(f"Replaced: {_some(report.replaced)}")
    if report.empty:
        out.print(f"Empty, skipped: {_some(report.empty)}")
    out.print(counts_line(report))
    out.print(
        f"Collection {report.collection!r}: {counted(report.documents, 'document')}, "
        f"{counted(report.passages, 'passage')}, {counted(report.entities, 'entity', 'entities')}, "
        f"{counted(report.facts, 'fact')}"
        + (f", {report.quarantined} in quarantine" if report.quarantined else "")
        + f" ({report.seconds:.1f} s)"
    )
    if report.input_tokens or report.output_tokens:
        cost = f", for {format_money(report.cost)}" if report.cost else ""
        out.print(
            f"The chat model read {report.input_tokens:,} tokens and wrote "
            f"{report.output_tokens:,}{cost}"
        )
