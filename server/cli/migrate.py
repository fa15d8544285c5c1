"""`ammon migrate`: from one store to the other."""

from enum import StrEnum
from typing import Annotated

import typer

from server.cli import options
from server.cli.context import load_settings


class StoreName(StrEnum):
    """The stores there are."""

    SQLITE = "sqlite"
    NEO4J = "neo4j"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Example: AMMON_NEO4J_PASSWORD=… ammon migrate --from sqlite --to neo4j   (then set "
        "AMMON_STORE=neo4j)"
    )(migrate)


def migrate(
    source: Annotated[
        StoreName, typer.Option("--from", help="The store to read.", show_default=False)
    ],
    target: Annotated[
        StoreName, typer.Option("--to", help="The store to write.", show_default=False)
    ],
    collection: Annotated[
        list[str] | None,
        typer.Option(
            "--collection",
            "-c",
            metavar="NAME",
            help="May be repeated; by default all collections.",
            show_default=False,
        ),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Copy collections from one store to the other: documents, passages, what models found in
    them, synonyms, revisions. Jobs stay behind.

    Each comes whole or not at all, and is compared with the original. If this was cut short, do it
    again. The original stays; snapshots are good for both.
    """
    from contextlib import closing

    from indexer.progress import StepProgress
    from server.cli.output import console, counted, print_json
    from server.cli.progress import shown_progress
    from server.folders import Folders
    from server.migration import migrate as copy
    from server.stores import make_store

    if source is target:
        raise typer.BadParameter("--from and --to name the same store.")
    settings = load_settings().settings
    folders = Folders(settings.data_dir)
    with (
        closing(make_store(settings, folders, source.value)) as one,
        closing(make_store(settings, folders, target.value)) as other,
        shown_progress() as progress,
    ):
        names = collection or [found.name for found in one.collections()]
        done: dict[str, int] = {}

        def note(name: str, kind: str, more: int) -> None:
            step = f"{name}: {kind}"
            done[step] = done.get(step, 0) + more
            progress(StepProgress(step=step, done=done[step], total=0))

        migrated = copy(one, other, names, note)
    if as_json:
        found = [
            {
                "collection": each.collection.name,
                "revision": each.collection.revision,
                "documents": each.documents,
                "passages": each.passages,
                "already": each.already,
            }
            for each in migrated
        ]
        print_json({"from": source.value, "to": target.value, "collections": found})
        return
    for each in migrated:
        what = f"{counted(each.documents, 'document')}, revision {each.collection.revision}"
        how = "was there already" if each.already else "copied and compared"
        console().print(f"{each.collection.name!r}: {what}; {how}.")
    if not migrated:
        console().print(f"There are no collections in {source.value}.")
