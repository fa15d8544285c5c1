"""An S3 server for tests: versitygw over a folder."""

import fcntl
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.sharing import (
    State,
    free_port,
    guard,
    missing,
    need,
    run_folder,
    shared,
    stop,
    wait_until,
)

_VERSION = "v1.8.0"
_MODULE = f"github.com/versity/versitygw/cmd/versitygw@{_VERSION}"
_KEY, _SECRET = "key-of-the-test", "secret-of-the-test"


@dataclass(frozen=True, kw_only=True, slots=True)
class S3Server:
    """Where a running server answers, and what it keeps."""

    endpoint: str
    """http://…"""
    key: str
    secret: str
    home: Path
    """A folder in it is a bucket."""
    pid: int
    """Its guardian's (see `tests.servers.sharing.guard`)."""

    def bucket(self, name: str) -> str:
        """A new bucket's URL."""
        (self.home / "buckets" / name).mkdir()
        return f"s3://{name}"

    @property
    def options(self) -> dict[str, str]:
        """As s3fs wants them."""
        return {"endpoint_url": self.endpoint, "key": self.key, "secret": self.secret}

    @property
    def environment(self) -> dict[str, str]:
        """As AWS's tools want them."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
        }


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """The test run's S3 server; each test makes a bucket of its own."""
    program = installed()
    folder = run_folder(tmp_path_factory)
    with shared("s3", folder, lambda home: start(home, program)) as state:
        yield server_of(state)


@pytest.fixture
def own_s3_server(tmp_path: Path) -> Iterator[S3Server]:
    """A server for one test, which may end it (`sharing.stop`) and `start` it again."""
    home = tmp_path / "s3"
    server = server_of(start(home, installed()))
    yield server
    stop(server.pid)


def server_of(state: State) -> S3Server:
    """The server that `start` told of."""
    return S3Server(**{**state, "home": Path(state["home"])})


def installed() -> Path:
    """The program: built once for this version and kept; skips where it cannot be."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "ammon" / "servers" / f"versitygw-{_VERSION}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "versitygw").exists():
            found = _installed_otherwise()
            if found:
                return found
            need("go", "install Go, which builds versitygw, an S3 server")
            _build(folder)
    return folder / "versitygw"


def _installed_otherwise() -> Path | None:
    """Where `go install` puts it when people run that."""
    found = shutil.which("versitygw") or Path.home() / "go" / "bin" / "versitygw"
    return Path(found) if Path(found).exists() else None


def _build(folder: Path) -> None:
    aside = folder.with_suffix(".part")
    done = subprocess.run(
        ["go", "install", _MODULE],  # noqa: S607 - from the PATH, as people run it
        env={**os.environ, "GOBIN": str(aside)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        missing(f"versitygw cannot be built: {done.stderr[-2000:]}")
    aside.rename(folder)


def start(home: Path, program: Path, *, port: int = 0) -> State:
    """Start a server whose buckets lie in `home` (again, if it was there before); wait for it."""
    port = port or free_port()
    root = home / "buckets"
    root.mkdir(parents=True, exist_ok=True)
    log = home / "s3.log"
    place = ["--port", f"127.0.0.1:{port}", "--health", "/health"]
    process = guard(
        [str(program), "--quiet", *place, "posix", str(root.absolute())],
        log=log,
        env={"ROOT_ACCESS_KEY": _KEY, "ROOT_SECRET_KEY": _SECRET},
    )
    endpoint = f"http://127.0.0.1:{port}"
    wait_until(lambda: _answers(f"{endpoint}/health"), process, log)
    return {
        "endpoint": endpoint,
        "key": _KEY,
        "secret": _SECRET,
        "home": str(home),
        "pid": process.pid,
    }


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own loopback
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
