"""`ammon config`: the settings, and where each comes from."""

import typer

from server.cli import options
from server.cli.context import load_settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: AMMON_LOG_LEVEL=debug ammon config")(config)


def config(as_json: options.AsJson = False) -> None:
    """Show every setting: its value, where it comes from, and what it means."""
    from dataclasses import asdict

    from server.cli.output import console, print_json

    loaded = load_settings()
    if as_json:
        print_json({"file": str(loaded.file), "settings": [asdict(row) for row in loaded.rows()]})
        return
    out = console()
    found = "" if loaded.file.is_file() else " (does not exist)"
    out.print(f"File: {loaded.file}{found}\n")
    for row in loaded.rows():
        out.print(f"{row.name} = {row.value}", style="bold", end="")
        out.print(f"   [{row.origin}]")
        out.print(f"    {row.documentation}", style="dim")
