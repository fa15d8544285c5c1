"""Fixtures of the indexer's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doubles.chat_server import ChatServer
from tests.doubles.llm_answers import good
from tests.doubles.office import Office
from tests.doubles.workshop import Workshop


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    """A pipeline with all that belongs to it, and an empty collection."""
    return Workshop(folder=tmp_path)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Where steps are taken by way of messages."""
    return Office(tmp_path)


@pytest.fixture
def server() -> Iterator[ChatServer]:
    """A chat model over HTTP, whose answers are good until a test gives it others."""
    with ChatServer(good) as server:
        yield server
