"""`ammon export`: the graph for other tools."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from server.cli import options
from server.cli.context import opened


class Form(StrEnum):
    """What can be written."""

    GRAPHML = "graphml"
    JSONL = "jsonl"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: ammon export --format graphml -o research.graphml -c research")(
        export
    )


def export(
    context: typer.Context,
    form: Annotated[
        Form, typer.Option("--format", "-f", help="graphml, or canonical JSON lines.")
    ] = Form.JSONL,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Default: standard output."),
    ] = None,
    collection: options.CollectionName = None,
    as_json: options.AsJson = False,
) -> None:
    """Write a collection's graph: documents, passages, entities, facts and their links."""
    import sys

    from server.cli.output import print_json
    from server.cli.stdout import written
    from server.export import EXPORTS, write_export

    if as_json and output is None:
        raise typer.BadParameter("--json needs a file: name it with --output.")
    if output is not None and output.is_dir():
        raise typer.BadParameter(f"--output {str(output)!r} is a folder: name a file.")
    with opened(context) as core:
        name = collection or core.settings.collection
        with core.store.read(name) as reader:
            if output is None:
                with written():
                    EXPORTS[form](reader, sys.stdout.buffer)
            else:
                write_export(reader, form, output)
    if as_json:
        print_json({"collection": name, "format": form.value, "file": str(output)})
