"""Fixtures for all tests: real servers, and a few files."""

import ast
import sys
from functools import wraps
from pathlib import Path
from threading import RLock
from typing import Any

import pytest
import structlog

from kg.device import trouble
from tests.servers.neo4j import empty_neo4j, neo4j_server

__all__ = ["empty_neo4j", "neo4j_server"]


def _parse_one_at_a_time() -> None:
    """CPython counts the depth of a syntax tree for all threads together (python/cpython#106905),
    and Hypothesis, which parses sources, lets others run in between whenever garbage is collected:
    so a thread of a server that parses too may make it raise SystemError."""
    parse, parsing = ast.parse, RLock()

    @wraps(parse)
    def parse_alone(*arguments: Any, **options: Any) -> Any:
        with parsing:
            return parse(*arguments, **options)

    ast.parse = parse_alone


def _say_errors_briefly() -> None:
    """What no command has configured shows the values of all variables with an error, which takes
    half a minute for a server's."""
    renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], renderer])


_say_errors_briefly()
if sys.version_info < (3, 12, 2):
    _parse_one_at_a_time()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """What needs a GPU is skipped where none works."""
    if item.get_closest_marker("gpu") and (reason := trouble()):
        pytest.skip(f"needs a GPU: {reason}")


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """A folder with two files."""
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "semon.md").write_text("# Semon\n\nRichard Semon coined Engram.", encoding="utf-8")
    (folder / "lashley.txt").write_text("Karl Lashley sought the Engram.", encoding="utf-8")
    return folder
