"""The command line as tests call it, and what it printed."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import pytest

from server.cli import main
from server.core import Core
from server.settings import Settings

Opener: TypeAlias = Callable[[Settings], Core]
"""Composes the core of a command."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a command printed and returned."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which must be one JSON object."""
        return json.loads(self.out)

    @property
    def complaint(self) -> str:
        """Standard error as one line, however it was broken and framed for a terminal."""
        return " ".join(self.err.replace("│", " ").split())


Ammon: TypeAlias = Callable[..., Outcome]
"""Runs a command with these arguments."""


def command_line(capfd: pytest.CaptureFixture[str], opener: Opener | None) -> Ammon:
    """Commands with the settings of the environment; `opener` None: with the real models."""

    def run(*arguments: object) -> Outcome:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments], opener=opener)
        out, err = capfd.readouterr()
        return Outcome(code=code, out=out, err=err)

    return run
