"""A Neo4j with its Browser, from Maven's jars, for tests."""

import fcntl
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.servers.sharing import (
    State,
    free_port,
    guard,
    missing,
    need,
    run_folder,
    shared,
    wait_until,
)

if TYPE_CHECKING:
    from neo4j import Driver

_POM = Path(__file__).parent / "maven" / "pom.xml"
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
_OPENED = [
    f"--add-opens=java.base/{package}=ALL-UNNAMED"
    for package in ("java.nio", "java.io", "sun.nio.ch")
]
_RUNTIME = ["-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
"""The compiler that is quick: servers of tests are gone before the other one has paid off."""
_CONFIGURATION = """\
server.default_listen_address=127.0.0.1
server.bolt.listen_address=127.0.0.1:{bolt}
server.bolt.advertised_address=127.0.0.1:{bolt}
server.http.listen_address=127.0.0.1:{http}
server.http.advertised_address=127.0.0.1:{http}
server.https.enabled=false
server.memory.pagecache.size=128m
dbms.usage_report.enabled=false
dbms.security.auth_max_failed_attempts=0
client.allow_telemetry=false
db.tx_log.preallocate=false
db.tx_log.rotation.size=32m
internal.server.bolt.thread_pool_shutdown_wait_time=0s
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Neo4jServer:
    """Where a running Neo4j answers."""

    uri: str
    """bolt://…"""
    browser_url: str
    """http://…"""
    user: str
    password: str
    home: Path
    pid: int
    """Its guardian's (see `tests.servers.sharing.guard`)."""


@pytest.fixture(scope="session")
def neo4j_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neo4jServer]:
    """The test run's Neo4j. Others use it too: see `turn` and `empty_neo4j`."""
    pytest.importorskip("neo4j", reason="the driver is missing: pip install -e '.[neo4j]'")
    need("java", "install a Java runtime, version 17")
    jars = installed()
    folder = run_folder(tmp_path_factory)
    with shared("neo4j", folder, lambda home: start(home, jars)) as state:
        yield server_of(state)


@pytest.fixture
def empty_neo4j(neo4j_server: Neo4jServer) -> Iterator[Neo4jServer]:
    """The test run's Neo4j, empty, and for as long as the test takes nobody else's."""
    with turn(neo4j_server):
        wipe(neo4j_server)
        yield neo4j_server


@contextmanager
def turn(server: Neo4jServer) -> Iterator[None]:
    """Be the only one of all processes that uses the server."""
    with server.home.with_suffix(".turn").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def wipe(server: Neo4jServer) -> None:
    """Empty the database, but for what the store makes on its first use."""
    with connected(server) as driver:
        driver.execute_query("MATCH (n) WHERE NOT n:Ammon DETACH DELETE n", database_="neo4j")


def connected(server: Neo4jServer) -> "Driver":
    """A driver of one's own, to look behind the store's back."""
    from neo4j import GraphDatabase

    return GraphDatabase.driver(
        server.uri,
        auth=(server.user, server.password),
        notifications_min_severity="OFF",
        telemetry_disabled=True,
    )


def server_of(state: State) -> Neo4jServer:
    """The server that `start` told of."""
    return Neo4jServer(**{**state, "home": Path(state["home"])})


def installed() -> Path:
    """The folder of the jars, fetched once for this version and kept; skips where it cannot be."""
    version = _POM.read_text().partition("<neo4j.version>")[2].partition("<")[0]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "ammon" / "servers" / f"neo4j-{version}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            need("mvn", "install Maven, which fetches Neo4j's jars")
            _fetch(folder)
    return folder


def _fetch(folder: Path) -> None:
    aside = folder.with_suffix(".part")
    shutil.rmtree(aside, ignore_errors=True)
    command = ["mvn", "-q", "-B", "-ntp", "-f", str(_POM), _COPY, "-DincludeScope=runtime"]
    done = subprocess.run(
        [*command, f"-DoutputDirectory={aside}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        missing(f"Neo4j's jars cannot be fetched: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    aside.rename(folder)


def start(home: Path, jars: Path, *, bolt: int = 0, http: int = 0) -> State:
    """Start a server whose data lie in `home` (again, if it was there before); wait for it."""
    bolt, http = bolt or free_port(), http or free_port()
    (home / "conf").mkdir(exist_ok=True)
    (home / "conf" / "neo4j.conf").write_text(_CONFIGURATION.format(bolt=bolt, http=http))
    (home / "plugins").mkdir(exist_ok=True)
    # Where Browser is unpacked; a server that is killed leaves it.
    (home / "tmp").mkdir(exist_ok=True)
    secret = home / "password"
    if not secret.exists():
        password = secrets.token_hex(8)
        _admin(home, jars, "dbms", "set-initial-password", password)
        secret.write_text(password)
    log = home / "console.log"
    classes = f"{home / 'plugins'}/*:{jars}/*"
    entry = ["org.neo4j.server.CommunityEntryPoint", f"--home-dir={home}"]
    process = guard(
        [
            *("java", *_RUNTIME, *_OPENED, f"-Djava.io.tmpdir={home / 'tmp'}", "-cp", classes),
            *(*entry, f"--config-dir={home / 'conf'}"),
        ],
        log=log,
    )
    state = {
        "uri": f"bolt://127.0.0.1:{bolt}",
        "browser_url": f"http://127.0.0.1:{http}",
        "user": "neo4j",
        "password": secret.read_text(),
        "home": str(home),
        "pid": process.pid,
    }
    wait_until(lambda: _answers(server_of(state)), process, log)
    return state


def _admin(home: Path, jars: Path, *arguments: str) -> None:
    subprocess.run(
        ["java", "-cp", f"{jars}/*", "org.neo4j.server.startup.Neo4jAdminBoot", *arguments],  # noqa: S607
        env={**os.environ, "NEO4J_HOME": str(home), "NEO4J_CONF": str(home / "conf")},
        check=True,
        capture_output=True,
    )


def _answers(server: Neo4jServer) -> bool:
    from neo4j.exceptions import DriverError, Neo4jError

    try:
        with connected(server) as driver:
            driver.verify_connectivity()
    except (DriverError, Neo4jError):
        return False
    return True
