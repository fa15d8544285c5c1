"""Fixtures of the indexer's tests."""

from pathlib import Path

import pytest

from tests.doubles.workshop import Workshop


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    """A pipeline with all that belongs to it, and an empty collection."""
    return Workshop(folder=tmp_path)
