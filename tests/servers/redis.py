"""A Redis for tests, which can be killed and started again, with or without what it kept."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.servers.sharing import free_port, go_on, guard, hang, need, stop, wait_until


@dataclass(kw_only=True)
class RedisServer:
    """A Redis of one's own: it takes 12 MB and a tenth of a second, so nothing is shared."""

    home: Path
    persistent: bool = True
    """Whether what it keeps outlives a kill."""
    port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        """As clients want it."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it (again, at the same port) and wait until it answers."""
        self.home.mkdir(parents=True, exist_ok=True)
        keep = ["--appendonly", "yes" if self.persistent else "no", "--save", ""]
        place = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.home)]
        log = self.home / "redis.log"
        self._process = guard(["redis-server", *place, *keep], log=log)
        wait_until(self._answers, self._process, log)

    def kill(self) -> None:
        """End it as kill -9 does."""
        stop(self._process.pid)

    def hang(self) -> None:
        """Let it take connections and say nothing, until it is to `go_on`."""
        hang(self._process.pid)

    def go_on(self) -> None:
        """Let it answer again."""
        go_on(self._process.pid)

    def _answers(self) -> bool:
        command = ["redis-cli", "-p", str(self.port), "ping"]
        said = subprocess.run(command, capture_output=True, text=True, check=False)
        return said.stdout.strip() == "PONG"


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis, empty and running, for one test."""
    need("redis-server", "install the package redis-server")
    server = RedisServer(home=tmp_path / "redis")
    server.start()
    yield server
    server.kill()
