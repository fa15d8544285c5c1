"""Opening the data folder for a command."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from kg.errors import SnapshotError
from server.cli.output import print_warning

if TYPE_CHECKING:
    from server.core import Core
    from server.settings import Level, LoadedSettings


def load_settings(default_level: "Level" = "error") -> "LoadedSettings":
    """Read the settings, print warnings about them, and set up logging."""
    from server import logs, settings

    with warnings.catch_warnings(record=True) as odd:
        warnings.simplefilter("always")
        try:
            loaded = settings.load()
        finally:
            for warning in odd:
                print_warning(str(warning.message))
    logs.configure(loaded.settings, default_level)
    return loaded


@contextmanager
def opened(context: typer.Context) -> "Iterator[Core]":
    """The core of a command, closed when it ends."""
    from server.store_outage import check_available

    loaded = load_settings()
    opener = context.obj
    if opener is None:
        from server.composition import compose as opener
    core = opener(loaded.settings)
    try:
        check_available(core.store)
        yield core
    except SnapshotError as error:
        if "collection" in context.params:
            error.name_collection(context.params["collection"] or loaded.settings.collection)
        raise
    finally:
        core.close()
