"""Whether the server is ready is told in a moment, also when its store is out of reach."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from fastapi.testclient import TestClient

from server.http.app import create_app
from tests.doubles.house import open_house, settings_in
from tests.doubles.waiting import Watch
from tests.servers.neo4j import Neo4jServer
from tests.servers.relay import Relay, relayed

SOON = 3.0
pytestmark = pytest.mark.xdist_group("neo4j")


@pytest.fixture
def relay(empty_neo4j: Neo4jServer) -> Iterator[Relay]:
    with relayed(urlsplit(empty_neo4j.uri).port or 0) as relay:
        yield relay


@pytest.fixture
def client(tmp_path: Path, empty_neo4j: Neo4jServer, relay: Relay) -> Iterator[TestClient]:
    settings = settings_in(
        tmp_path,
        store="neo4j",
        neo4j_uri=f"bolt://127.0.0.1:{relay.port}",
        neo4j_password=empty_neo4j.password,
    )
    app = create_app(settings, open_house)
    # Nothing works in the background: it would try again for long what is out of reach.
    app.state.core = open_house(settings)
    app.state.core.store.probe()
    yield TestClient(app, base_url="http://test/api/v1", raise_server_exceptions=False)
    relay.close()
    app.state.core.close()


def asked(client: TestClient) -> tuple[httpx2.Response, float]:
    """The answer, and after how many seconds it came."""
    with Watch() as watch:
        response = client.get("/health/ready")
    return response, watch.seconds


def test_a_server_whose_neo4j_answers_is_ready(client: TestClient) -> None:
    assert asked(client)[0].json() == {"status": "ok", "warnings": []}


@pytest.mark.parametrize("was_asked", [False, True])
def test_a_server_whose_neo4j_is_gone_says_so_at_once(
    client: TestClient, relay: Relay, was_asked: bool
) -> None:
    if was_asked:  # then there is a connection that was good
        asked(client)
    relay.close()
    response, seconds = asked(client)
    assert (response.status_code, seconds < SOON) == (503, True), seconds
    assert "AMMON_NEO4J_URI" in response.json()["detail"]


@pytest.mark.parametrize("was_asked", [False, True])
def test_a_server_whose_neo4j_hangs_does_not_hang(
    client: TestClient, relay: Relay, was_asked: bool
) -> None:
    if was_asked:
        asked(client)
    relay.fall_silent()
    for _ in range(3):
        response, seconds = asked(client)
        assert (response.status_code, seconds < SOON) == (503, True), seconds
