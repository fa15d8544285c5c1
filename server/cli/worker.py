"""`ammon worker`: a process that indexes documents; any number of them can run."""

import faulthandler
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from indexer.flow.broker import Queue

_ALL = "extract,embed,commit"
_STDERR = 2
"""Where a crash is reported."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: ammon worker --queues extract --concurrency 16")(worker)


def worker(
    context: typer.Context,
    queues: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="Which queues to process: extract (waits for models), commit (writes documents "
            "to the graph), embed (embeddings and snapshots).",
        ),
    ] = _ALL,
    concurrency: Annotated[
        int, typer.Option(min=1, max=256, metavar="N", help="Number of messages processed at once.")
    ] = 4,
) -> None:
    """Process documents that other commands queue, until stopped. Needs the setting `broker_url`.

    Start as many as you like, on any machine that shares the store. After Ctrl-C or SIGTERM it
    finishes the passages in progress and ends.
    """
    from server.cli.context import load_settings
    from server.composition import compose
    from server.descriptors import raise_limit
    from server.worker_process import conclude, run_worker

    raise_limit()
    faulthandler.enable(_STDERR)
    chosen = _queues(queues)
    core = (context.obj or compose)(load_settings("info").settings)
    try:
        ended = run_worker(core, chosen, concurrency)
    finally:
        core.close()
    conclude(ended)


def _queues(names: str) -> "list[Queue]":
    """The queues that are named. Raises: BadParameter."""
    from indexer.flow.broker import served

    wanted = [name.strip() for name in names.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in _ALL.split(",")]
    if unknown or not wanted:
        told = f"there is no queue {unknown[0]!r}" if unknown else "no queue was named"
        raise typer.BadParameter(f"{told}: choose from {_ALL.replace(',', ', ')}.")
    return served(wanted)
