"""While Neo4j is away: questions are answered, all else says so soon, and nothing has to be started
again when it is back."""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from fastapi.testclient import TestClient

from kg.neo4j import database
from server.http.app import create_app
from server.settings import Settings
from server.store_outage import check_available
from tests.doubles.command_line import Ammon
from tests.doubles.house import open_house, settings_in
from tests.doubles.plant import Plant
from tests.doubles.waiting import Watch, until
from tests.servers.neo4j import Neo4jServer, turn, wipe
from tests.servers.redis import RedisServer, redis_server
from tests.servers.relay import Relay, relayed

__all__ = ["redis_server"]

SOON = 10.0
"""Seconds; a server that says nothing is waited for four, by who is in no hurry half a minute."""
AT_ONCE = 4.0
LONG = 200.0
"""Seconds after which a test gives up, however busy the machine."""
SLOW_QUERY = "UNWIND range(1, 1000000000) AS x WITH x WHERE x < 0 RETURN count(x)"
AWAY = pytest.mark.parametrize("away", ["gone", "hangs"])
pytestmark = [
    pytest.mark.xdist_group("neo4j"),
    pytest.mark.timeout(600),  # the first test waits for the server to start, and for its turn
]


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """What a test left open is found here, not during a test of others."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def relay(neo4j_server: Neo4jServer) -> Iterator[Relay]:
    """The way to Neo4j."""
    with turn(neo4j_server), relayed(urlsplit(neo4j_server.uri).port or 0) as relay:
        wipe(neo4j_server)
        yield relay
    gc.collect()  # what waited for the relay


@pytest.fixture(scope="module")
def settings(
    tmp_path_factory: pytest.TempPathFactory, neo4j_server: Neo4jServer, relay: Relay
) -> Settings:
    return settings_in(
        tmp_path_factory.mktemp("away"),
        store="neo4j",
        neo4j_uri=f"bolt://127.0.0.1:{relay.port}",
        neo4j_password=neo4j_server.password,
    )


@contextmanager
def serving(settings: Settings) -> Iterator[TestClient]:
    app = create_app(settings, open_house)
    with TestClient(app, base_url="http://test/api/v1", raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def server(settings: Settings) -> Iterator[TestClient]:
    """A server with a collection that can be asked."""
    with serving(settings) as client:
        # Where a server has just started on a busy machine, any request may be refused.
        until(lambda: client.get("/health/ready").is_success, LONG)
        until(lambda: created(client, "papers"), LONG)
        until(lambda: taken_in(client, "Ann likes Bob.").is_success, LONG)
        until(lambda: question(client).json().get("revision", 0) >= 1, LONG)
        yield client


@pytest.fixture
def client(server: TestClient, relay: Relay) -> Iterator[TestClient]:
    """The server, whose Neo4j is there when a test begins, and again after it."""
    yield server
    relay.come_back()
    until(lambda: server.get("/health/ready").is_success, LONG)


def environment(settings: Settings) -> dict[str, str]:
    """The settings of processes of their own."""
    return {
        "store": "neo4j",
        "neo4j_uri": settings.neo4j_uri,
        "neo4j_password": settings.neo4j_password.get_secret_value(),
    }


def go(relay: Relay, away: str) -> None:
    """Be away, in this manner."""
    if away == "gone":
        relay.close()
    else:
        relay.fall_silent()


def created(client: TestClient, name: str) -> bool:
    """Whether there is such a collection, by now."""
    return client.post("/collections", json={"name": name}).status_code in (201, 409)


def taken_in(client: TestClient, text: str) -> httpx2.Response:
    return client.post("/collections/papers/documents", json=[{"source": "a", "text": text}])


def question(client: TestClient, collection: str = "papers") -> httpx2.Response:
    return client.post(f"/collections/{collection}/query", json={"question": "Who likes Bob?"})


def refused_within(seconds: float, ask: Callable[[], httpx2.Response], address: str) -> None:
    """See that it says in time what is away, and what to do."""
    with Watch() as watch:
        response = ask()
    assert (response.status_code, watch.seconds < seconds) == (503, True), watch.seconds
    assert response.headers["content-type"] == "application/problem+json"
    assert int(response.headers["retry-after"]) > 0
    assert response.json()["type"] == "urn:ammon:problem:store-unavailable"
    assert address in response.json()["detail"]
    assert "AMMON_NEO4J_URI" in response.json()["detail"]


@AWAY
def test_questions_are_answered_while_neo4j_is_away(
    client: TestClient, relay: Relay, away: str
) -> None:
    before = question(client).json()
    go(relay, away)
    for _ in range(3):
        with Watch() as watch:
            answer = question(client)
        assert (answer.status_code, answer.json()["hits"]) == (200, before["hits"])
        assert watch.seconds < 1.4  # who asks the store waits for longer
    assert answer.json()["revision"] == before["revision"]


@AWAY
def test_all_else_says_soon_that_neo4j_is_away(
    client: TestClient, relay: Relay, settings: Settings, away: str
) -> None:
    go(relay, away)
    uri, papers = settings.neo4j_uri, "/collections/papers"
    refused_within(AT_ONCE, lambda: question(client, "never-seen"), uri)
    refused_within(SOON, lambda: taken_in(client, "Ann likes Cid."), uri)
    refused_within(SOON, lambda: client.delete(papers), uri)
    refused_within(AT_ONCE, lambda: client.get(f"{papers}/stats"), uri)
    assert client.get("/health/live").is_success
    assert question(client).json()["hits"]


def test_when_neo4j_is_back_documents_are_taken_in(client: TestClient, relay: Relay) -> None:
    relay.fall_silent()
    assert taken_in(client, "Ann likes Dan.").status_code == 503
    relay.come_back()
    until(lambda: taken_in(client, "Ann likes Dan.").is_success, LONG)


def test_a_neo4j_that_is_slow_is_not_away(
    settings: Settings, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "PROBE_SECONDS", 0.2)
    core = open_house(settings)
    try:
        monkeypatch.setattr(database, "_PROBE", SLOW_QUERY)
        check_available(core.store)  # Neo4j ends the query, and so has answered
    finally:
        core.close()


def test_what_another_process_deleted_is_answered_no_more(
    client: TestClient, settings: Settings
) -> None:
    until(lambda: created(client, "notes"), LONG)
    until(lambda: question(client, "notes").is_success, LONG)
    other = open_house(settings)
    other.delete_collection("notes")
    other.close()
    until(lambda: question(client, "notes").status_code == 404, LONG)


@AWAY
def test_a_server_ends_while_neo4j_is_away(settings: Settings, relay: Relay, away: str) -> None:
    with ExitStack() as ending:
        client = ending.enter_context(serving(settings))
        assert client.get("/collections").is_success
        go(relay, away)
        time.sleep(0.2)  # its threads are in the midst of something
        with Watch() as watch:
            ending.close()
    relay.come_back()
    assert watch.seconds < 20.0  # work that does not end is waited for longer


def test_a_server_begins_without_neo4j_and_is_ready_when_it_comes(
    client: TestClient, settings: Settings, relay: Relay
) -> None:
    assert client.get("/health/ready").is_success
    relay.close()
    with serving(settings) as fresh:
        assert fresh.get("/health/ready").status_code == 503
        assert question(fresh).status_code == 503
        relay.come_back()
        until(lambda: fresh.get("/health/ready").is_success, LONG)
        until(lambda: bool(question(fresh).json().get("hits")), LONG)


def test_a_worker_waits_for_neo4j_and_ends_without_it(
    settings: Settings, relay: Relay, redis_server: RedisServer, tmp_path: Path
) -> None:
    pytest.importorskip("celery", reason="pip install -e '.[celery]'")
    plant = Plant(
        folder=tmp_path,
        broker_url=redis_server.url,
        model_url="http://127.0.0.1:9/v1",
        extra=environment(settings),
    )
    relay.fall_silent()
    try:
        worker = plant.begin()
        plant.wait_for(worker, f"waiting for Neo4j at {settings.neo4j_uri} for", LONG)
        relay.come_back()
        plant.wait_for(worker, " ready.", LONG)
        relay.fall_silent()
        assert plant.end(worker) == 0
    finally:
        plant.close()
        relay.come_back()


@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("worker",), ("status",)])
def test_a_wrong_password_is_not_waited_for(
    ammon: Ammon, settings: Settings, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    for name, value in {**environment(settings), "neo4j_password": "wrong"}.items():
        monkeypatch.setenv(f"AMMON_{name.upper()}", value)
    if command == ("worker",):
        monkeypatch.setenv("AMMON_BROKER_URL", "redis://127.0.0.1:9/0")
    done = ammon(*command)
    assert (done.code, "AMMON_NEO4J_PASSWORD" in done.complaint) == (1, True)


@AWAY
def test_a_command_says_soon_that_neo4j_is_away(
    ammon: Ammon,
    settings: Settings,
    relay: Relay,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    away: str,
) -> None:
    for name, value in environment(settings).items():
        monkeypatch.setenv(f"AMMON_{name.upper()}", value)
    (tmp_path / "a.txt").write_text("Ann likes Bob.")
    go(relay, away)
    try:
        for command in (["status"], ["query", "Who?"], ["ingest", str(tmp_path / "a.txt")]):
            with Watch() as watch:
                done = ammon(*command)
            assert (done.code, watch.seconds < SOON) == (1, True), watch.seconds
            assert settings.neo4j_uri in done.complaint
    finally:
        relay.come_back()
