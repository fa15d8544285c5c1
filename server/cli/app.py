"""The command `ammon`: its parts, and the outermost boundary for errors."""

import sys
import traceback
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from kg.errors import AmmonError
from server.cli import config, delete, evaluate, export, ingest, query, rebuild, serve, status
from server.cli.output import print_error, print_json

if TYPE_CHECKING:
    from server.core import Core
    from server.settings import Settings

USAGE, INTERRUPTED = 2, 130

app = typer.Typer(
    name="ammon",
    help="Documents in; out come the passages that answer a question together.",
    epilog='Example: ammon ingest papers/ && ammon query "Who taught the discoverer of …?"',
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _options(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an unexpected error.")
    ] = False,
) -> None:
    """Options before the command; `main` reads them, since errors of all kinds end there."""
    del debug


for _module in (ingest, query, status, delete, export, rebuild, serve, config, evaluate):
    _module.register(app)


def main(
    argv: Sequence[str] | None = None, *, opener: "Callable[[Settings], Core] | None" = None
) -> int:
    """Run one command and return its exit code: 0 fine, 1 an error or failed files, 2 usage.

    `opener` makes the core from settings; tests pass one with models of their own.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    as_json, debug = "--json" in arguments, "--debug" in arguments
    try:
        app(arguments, prog_name="ammon", obj=opener)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
        if code == USAGE and as_json:
            print_json({"error": {"type": "Usage", "message": "See standard error."}})
        if code == INTERRUPTED:
            print_error("Interrupted. What is done stays done: the same command goes on from here.")
        return code
    except AmmonError as error:
        return _failed(type(error).__name__, str(error), as_json=as_json)
    except Exception as error:  # the outermost boundary
        if debug:
            traceback.print_exc()
        message = f"Unexpected error: {type(error).__name__}: {error}"
        hint = "" if debug else " (`ammon --debug …` shows where it happened.)"
        return _failed(type(error).__name__, message + hint, as_json=as_json)
    return 0


def _failed(kind: str, message: str, *, as_json: bool) -> int:
    if as_json:
        print_json({"error": {"type": kind, "message": message}})
    else:
        print_error(message)
    return 1
