"""`ammon migrate`: from one store to the other."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from server.cli import options
from server.cli.context import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from indexer.progress import ReportProgress
    from server.migration import Migrated


class StoreName(StrEnum):
    """The stores there are."""

    SQLITE = "sqlite"
    NEO4J = "neo4j"


_Source: TypeAlias = Annotated[
    StoreName, typer.Option("--from", help="The store to read.", show_default=False)
]
_Target: TypeAlias = Annotated[
    StoreName, typer.Option("--to", help="The store to write.", show_default=False)
]
_Collections: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--collection",
        "-c",
        metavar="NAME",
        help="May be repeated. Default: all collections.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Example: AMMON_NEO4J_PASSWORD=… ammon migrate --from sqlite --to neo4j   (then set "
        "AMMON_STORE=neo4j)"
    )(migrate)


def migrate(
    source: _Source,
    target: _Target,
    collection: _Collections = None,
    as_json: options.AsJson = False,
) -> None:
    """Copy collections from one store to the other: documents, passages, what models found in them,
    synonyms, revisions. Jobs are not copied.

    Each comes whole or not at all, and is compared with the original. If this was cut short, do it
    again. The original stays. Snapshots are copied, too; then each goes its own way.
    """
    from contextlib import closing

    from server.adapters import make_objects
    from server.cli.output import print_json
    from server.cli.progress import shown_progress
    from server.folders import Folders
    from server.migration import copy_snapshots
    from server.migration import migrate as copy
    from server.stores import make_store

    if source is target:
        raise typer.BadParameter("--from and --to name the same store.")
    settings = load_settings().settings
    folders = Folders(settings.data_dir, make_objects(settings))
    with (
        closing(make_store(settings, folders, source.value)) as one,
        closing(make_store(settings, folders, target.value)) as other,
        shown_progress() as progress,
    ):
        names = collection or [found.name for found in one.collections()]
        migrated = copy(one, other, names, _noted(progress))
        for each in migrated:
            name = each.collection.name
            copied = other.collection(name)
            if copied.revision == each.collection.revision:  # nobody has changed it since
                copy_snapshots(folders.snapshots, one.collection(name), copied)
    if as_json:
        found = [_row(each) for each in migrated]
        print_json({"from": source.value, "to": target.value, "collections": found})
    else:
        _print(migrated, source)


def _noted(progress: "ReportProgress") -> "Callable[[str, str, int], None]":
    """A callback that adds up the reported numbers and passes them on as progress."""
    from indexer.progress import StepProgress

    done: dict[str, int] = {}

    def note(name: str, kind: str, more: int) -> None:
        step = f"{name}: {kind}"
        done[step] = done.get(step, 0) + more
        progress(StepProgress(step=step, done=done[step], total=0))

    return note


def _row(migrated: "Migrated") -> dict[str, Any]:
    return {
        "collection": migrated.collection.name,
        "revision": migrated.collection.revision,
        "documents": migrated.documents,
        "passages": migrated.passages,
        "already": migrated.already,
    }


def _print(migrated: "Sequence[Migrated]", source: StoreName) -> None:
    from server.cli.output import console, counted

    for each in migrated:
        what = f"{counted(each.documents, 'document')}, revision {each.collection.revision}"
        how = "already there" if each.already else "copied and verified"
        console().print(f"{each.collection.name!r}: {what}; {how}.")
    if not migrated:
        console().print(f"There are no collections in {source.value}.")
