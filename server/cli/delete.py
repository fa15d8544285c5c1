"""`ammon delete`: documents, or a whole collection."""

from typing import Annotated

import typer

from server.cli import options
from server.cli.context import opened


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Examples: ammon delete notes/old.md --collection research   |   "
        "ammon delete --collection research --yes"
    )(delete)


def delete(
    context: typer.Context,
    documents: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="DOCUMENT",
            help="Ids or sources of documents. Without any, the whole --collection is deleted.",
            show_default=False,
        ),
    ] = None,
    collection: options.CollectionName = None,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes", "-y", help="Do not ask for confirmation before deleting a collection."
        ),
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Delete documents with everything that only they support; or a whole collection."""
    from server.cli.output import console, counted, print_json
    from server.cli.progress import shown_progress

    if not documents and not collection:
        raise typer.BadParameter(
            "Name the documents to delete, or a --collection to delete as a whole."
        )
    with opened(context) as core:
        name = collection or core.settings.collection
        if not documents:
            core.store.collection(name)
            if not yes:
                question = f"Delete the collection {name!r} with all its documents?"
                typer.confirm(question, abort=True, err=True)
            core.delete_collection(name)
            gone: list[str] = []
        else:
            gone = core.delete_documents(name, documents)
            with shown_progress() as progress:
                core.worker.run_until_empty(name, progress)
    if as_json:
        print_json({"collection": name, "deleted": gone, "whole_collection": not documents})
    elif documents:
        console().print(f"Deleted {counted(len(gone), 'document')} from {name!r}.")
    else:
        console().print(f"Deleted the collection {name!r}.")
