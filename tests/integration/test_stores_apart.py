"""Stores that share a data folder, or a URL, know nothing of each other's collections."""

from pathlib import Path

import pytest

from tests.doubles.command_line import Ammon, Outcome
from tests.servers.neo4j import Neo4jServer

ENGRAM = "Richard Semon coined Engram."
TOWER = "Gustave Eiffel built a Tower."


class Desk:
    """The command line, and a file for each text."""

    def __init__(
        self, ammon: Ammon, server: Neo4jServer, folder: Path, patch: pytest.MonkeyPatch
    ) -> None:
        self.ammon = ammon
        self._folder = folder
        self._patch = patch
        patch.setenv("AMMON_NEO4J_URI", server.uri)
        patch.setenv("AMMON_NEO4J_PASSWORD", server.password)

    def use(self, store: str) -> None:
        self._patch.setenv("AMMON_STORE", store)

    def ingest(self, store: str, text: str) -> None:
        self.use(store)
        file = self._folder / f"{text.split()[1]}.txt"
        file.write_text(text, encoding="utf-8")
        assert self.ammon("ingest", file, "-c", "notes").code == 0

    def texts(self, store: str) -> set[str]:
        """What a question finds."""
        self.use(store)
        found: Outcome = self.ammon(
            "query", "Semon Engram Eiffel Tower", "-c", "notes", "--mode", "dense", "--json"
        )
        return {hit["text"] for hit in found.json["hits"]}


@pytest.fixture(params=["folder", "url"])
def desk(
    request: pytest.FixtureRequest,
    ammon: Ammon,
    empty_neo4j: Neo4jServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Desk:
    if request.param == "url":
        (tmp_path / "far" / "collections").mkdir(parents=True)
        monkeypatch.setenv("AMMON_SNAPSHOT_URL", (tmp_path / "far").as_uri())
    return Desk(ammon, empty_neo4j, tmp_path, monkeypatch)


def test_each_answers_from_its_own_documents(desk: Desk) -> None:
    desk.ingest("sqlite", ENGRAM)
    desk.ingest("neo4j", TOWER)
    assert desk.texts("sqlite") == {ENGRAM}
    assert desk.texts("neo4j") == {TOWER}
    desk.use("sqlite")
    assert desk.ammon("delete", "-c", "notes", "--yes").code == 0
    assert desk.texts("neo4j") == {TOWER}


def test_a_collection_that_moved_is_asked_at_once_and_goes_its_own_way(desk: Desk) -> None:
    desk.ingest("sqlite", ENGRAM)
    assert desk.ammon("migrate", "--from", "sqlite", "--to", "neo4j").code == 0
    assert desk.texts("neo4j") == {ENGRAM}
    assert "up to date" in desk.ammon("status").out
    desk.ingest("neo4j", TOWER)
    assert desk.texts("neo4j") == {ENGRAM, TOWER}
    assert desk.texts("sqlite") == {ENGRAM}
