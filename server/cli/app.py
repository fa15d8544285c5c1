"""The command `ammon`: its subcommands, and the outermost error boundary."""

import gc
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from kg.errors import AmmonError
from server.cli import (
    config,
    delete,
    evaluate,
    export,
    ingest,
    jobs,
    migrate,
    query,
    rebuild,
    serve,
    status,
    stdout,
    why,
    worker,
)
from server.cli.output import print_error, print_json

if TYPE_CHECKING:
    from server.core import Core
    from server.settings import Settings

USAGE, INTERRUPTED = 2, 130
_NEW_OBJECTS = 50_000
"""New objects between garbage collections. Imports create no garbage, and with Python's default of
700, collections took a tenth of a short command's time."""
_UsageError: type[typer.BadParameter] = typer.BadParameter.__base__  # type: ignore[assignment]
"""The base class of all usage errors, which typer does not export."""

app = typer.Typer(
    name="ammon",
    help="Index documents, and find the passages that together answer a question.",
    epilog='Example: ammon ingest papers/ && ammon query "Who taught the discoverer of …?"',
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"ammon {version('ammon')}")
        raise typer.Exit


@app.callback()
def _options(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an unexpected error.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    """Options before the command; `main` reads them, since it handles all errors."""
    del debug, version


for _module in (
    ingest,
    query,
    why,
    status,
    jobs,
    delete,
    export,
    rebuild,
    migrate,
    serve,
    worker,
    config,
    evaluate,
):
    _module.register(app)


def main(
    argv: Sequence[str] | None = None, *, opener: "Callable[[Settings], Core] | None" = None
) -> int:
    """Run one command and return its exit code: 0 for success, 1 for an error or failed files, 2
    for wrong usage.

    `opener` makes the core from settings; tests pass one with their own models.
    """
    gc.set_threshold(_NEW_OBJECTS)
    arguments = list(sys.argv[1:] if argv is None else argv)
    as_json, debug = "--json" in arguments, "--debug" in arguments
    try:
        with stdout.checked():
            code = _run(arguments, opener, as_json=as_json)
    except BrokenPipeError:
        stdout.drop()
        return 1
    except stdout.OutputUnwritable as error:
        stdout.drop()
        print_error(str(error))
        return 1
    except AmmonError as error:
        return _failed(type(error).__name__, str(error), as_json=as_json)
    except Exception as error:  # the outermost boundary
        if debug:
            traceback.print_exc()
        message = f"Unexpected error: {type(error).__name__}: {error}"
        hint = "" if debug else " (`ammon --debug …` shows the traceback.)"
        return _failed(type(error).__name__, message + hint, as_json=as_json)
    if code == INTERRUPTED:
        print_error("Interrupted. Finished work is kept: run the same command again to continue.")
    return code


def _run(
    arguments: Sequence[str], opener: "Callable[[Settings], Core] | None", *, as_json: bool
) -> int:
    """The exit code. With --json we report usage errors ourselves; otherwise typer does."""
    try:
        done = app(arguments, prog_name="ammon", obj=opener, standalone_mode=not as_json)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except typer.Abort:
        return 1
    except _UsageError as error:
        return _failed("Usage", error.format_message(), as_json=True, code=USAGE)
    return done if isinstance(done, int) else 0


def _failed(kind: str, message: str, *, as_json: bool, code: int = 1) -> int:
    if as_json:
        print_json({"error": {"type": kind, "message": message}})
    else:
        print_error(message)
    return code
