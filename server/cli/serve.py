"""`ammon serve`: the HTTP API."""

import errno
import faulthandler
import logging
import socket
from contextlib import suppress
from typing import Annotated

import typer

from kg.errors import SettingsInvalid, StoreError
from server.cli.context import load_settings

_STDERR = 2
"""Where crashes are reported, such as access to a mapped file that somebody truncated."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: ammon serve --port 9000")(serve)


def serve(
    context: typer.Context,
    host: Annotated[
        str | None, typer.Option(help="The address to listen on. Default: the setting `host`.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="The port. Default: the setting `port`.")
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=256,
            help="Number of processes, which share models and snapshots. Default: the setting "
            "`processes`.",
        ),
    ] = None,
) -> None:
    """Serve the HTTP API and process queued documents. The API is documented at /docs."""
    from kg.fail_fast import failing_fast
    from server import broker
    from server.cli.output import print_warning
    from server.composition import compose
    from server.descriptors import raise_limit
    from server.http.hosts import is_loopback
    from server.serving import serve as answer
    from server.store_outage import warn_if_unavailable

    chosen = {"host": host or None, "port": port, "processes": processes}
    settings = load_settings("info").settings.model_copy(
        update={name: value for name, value in chosen.items() if value is not None}
    )
    if not is_loopback(settings.host):
        print_warning(
            f"{settings.host} can be reached from other machines, and there is no authentication."
        )
    raise_limit()
    faulthandler.enable(_STDERR)
    # The address first: if it is taken, nothing is opened and no work is taken from the queue.
    with _listen(settings.host, settings.port) as listening, suppress(KeyboardInterrupt):
        if settings.broker_url:
            broker.check(settings.broker_url)
            broker.check_password(settings.broker_url)
        core = (context.obj or compose)(settings)
        try:
            warn_if_unavailable(core.store, settings)
            with failing_fast():
                core.folders.trouble()  # logged: copies answer meanwhile
        except StoreError:
            core.close()
            raise
        shown = f"[{settings.host}]" if ":" in settings.host else settings.host
        taken = listening.getsockname()[1]

        def ready() -> None:
            logging.getLogger("server").info(
                "running on http://%s:%d (Ctrl-C to stop)", shown, taken
            )

        if not answer(core, listening, ready):
            raise typer.Exit(1)


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens at an address. Raises: SettingsInvalid."""
    try:
        families = {found[0] for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
        family = socket.AF_INET if socket.AF_INET in families else socket.AF_INET6
        return socket.create_server((host, port), family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise SettingsInvalid(
                f"Port {port} of {host} is in use, perhaps by another `ammon serve`: choose "
                "another one with --port (or the setting `port`); 0 takes any free port."
            ) from error
        raise SettingsInvalid(
            f"Ammon cannot listen on {host}, port {port}: {error.strerror or error}. Choose "
            "another address with --host and --port (or the settings `host` and `port`)."
        ) from error
