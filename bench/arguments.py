"""Values that commands are given, looked at before anything is measured.

Each function is a `type` of argparse, which names the argument before what is said here.
"""

import argparse
import json
import os
from collections.abc import Callable
from math import isfinite
from pathlib import Path

from kg.snapshot.pointer import POINTER


def at_least(least: int) -> Callable[[str], int]:
    """A whole number, this one or more."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {least}.")
        return value

    return read


def above_zero(text: str) -> float:
    """A number, fractions too."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not (isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0.")
    return value


def percentage(text: str) -> float:
    """More than nothing and less than all."""
    value = above_zero(text)
    if value >= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is not below 100.")
    return value


def dataset(text: str) -> Path:
    """The folder of a data set."""
    folder = Path(text)
    if not (folder / "queries.jsonl").is_file():
        raise argparse.ArgumentTypeError(
            f"{text!r} has no queries.jsonl: name the folder of a data set, as for `ammon eval`."
        )
    return folder


def snapshots(text: str) -> Path:
    """A folder of snapshots, one of which is the current one."""
    folder = Path(text)
    if not (folder / POINTER).is_file():
        raise argparse.ArgumentTypeError(
            f"{text!r} has no file {POINTER}: name the folder that has it, which is the one above "
            "a snapshot's own."
        )
    return folder


def file(text: str) -> Path:
    """A file that is there."""
    if not Path(text).is_file():
        raise argparse.ArgumentTypeError(f"there is no file {text!r}.")
    return Path(text)


def new_file(text: str) -> Path:
    """A file that can be written."""
    path = Path(text)
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is a folder: name a file.")
    if not path.absolute().parent.is_dir():
        raise argparse.ArgumentTypeError(
            f"there is no folder {str(path.parent)!r} for {path.name!r}. Make it first."
        )
    return path


def folder(text: str) -> Path:
    """A folder, made if it is not there."""
    path = Path(text)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise argparse.ArgumentTypeError(
            f"there can be no folder {text!r} ({error.strerror}): name another place."
        ) from error
    if not os.access(path, os.W_OK):
        raise argparse.ArgumentTypeError(f"{text!r} cannot be written: name another place.")
    return path


def json_file(text: str) -> Path:
    """A file that holds a JSON object."""
    try:
        found = json.loads(file(text).read_text(encoding="utf-8"))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise argparse.ArgumentTypeError(f"{text!r} holds no JSON object: name what was saved.")
    return Path(text)
