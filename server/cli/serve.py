"""`ammon serve`: the HTTP API."""

import ipaddress
from typing import Annotated

import typer

from server.cli.context import load_settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: ammon serve --port 9000")(serve)


def serve(
    context: typer.Context,
    host: Annotated[
        str | None, typer.Option(help="The address to listen at; by default the setting `host`.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="The port; by default the setting `port`.")
    ] = None,
) -> None:
    """Serve the HTTP API, and take in what is queued. The interface is described at /docs."""
    import uvicorn

    from server.cli.output import print_warning
    from server.composition import compose
    from server.http.app import create_app

    settings = load_settings("info").settings
    opener = context.obj or compose
    address = host or settings.host
    if not _is_loopback(address):
        print_warning(f"{address} can be reached by others, and nothing asks them for a key.")
    uvicorn.run(
        create_app(settings, opener),
        host=address,
        port=settings.port if port is None else port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=30,
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
