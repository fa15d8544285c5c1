"""Fixtures for all tests: real servers, and a few files."""

from pathlib import Path

import pytest

from tests.servers.neo4j import empty_neo4j, neo4j_server

__all__ = ["empty_neo4j", "neo4j_server"]


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """A folder with two files."""
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "semon.md").write_text("# Semon\n\nRichard Semon coined Engram.", encoding="utf-8")
    (folder / "lashley.txt").write_text("Karl Lashley sought the Engram.", encoding="utf-8")
    return folder
