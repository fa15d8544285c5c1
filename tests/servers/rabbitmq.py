"""A RabbitMQ for tests, which can be killed and started again."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.servers.sharing import free_port, guard, need, run_folder, shared, stop, wait_until

_PROGRAM = "/usr/lib/rabbitmq/bin/rabbitmq-server"
"""Not the wrapper in the PATH, which wants to be root."""


@dataclass(kw_only=True)
class RabbitServer:
    """A RabbitMQ with a port mapper, a cookie and data of its own."""

    home: Path
    patience_ms: int | None = None
    """After which a message that is not acknowledged is taken back; None: its own default."""
    port: int = field(default_factory=free_port)
    mapper_port: int = field(default_factory=free_port)
    distribution_port: int = field(default_factory=free_port)
    pid: int = 0
    mapper_pid: int = 0

    @property
    def url(self) -> str:
        """As clients want it."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def start(self) -> None:
        """Start it (again, at the same port and with what it kept); wait until it answers."""
        for folder in ("home", "mnesia", "log"):
            (self.home / folder).mkdir(parents=True, exist_ok=True)
        (self.home / "rabbitmq.conf").write_text(self._configuration())
        (self.home / "enabled_plugins").write_text("[].\n")
        log = self.home / "console.log"
        if not self.mapper_pid:
            mapper = ["epmd", "-port", str(self.mapper_port), "-address", "127.0.0.1"]
            self.mapper_pid = guard(mapper, log=self.home / "epmd.log").pid
        process = guard([_PROGRAM], log=log, env=self._environment())
        self.pid = process.pid
        wait_until(self._answers, process, log)

    def kill(self) -> None:
        """End it as kill -9 does; its port mapper stays."""
        stop(self.pid)

    def close(self) -> None:
        """End all of it."""
        self.kill()
        stop(self.mapper_pid)

    def _configuration(self) -> str:
        lines = [f"listeners.tcp.1 = 127.0.0.1:{self.port}"]
        if self.patience_ms is not None:
            lines.append(f"consumer_timeout = {self.patience_ms}")
        return "".join(f"{line}\n" for line in lines)

    def _environment(self) -> dict[str, str]:
        home = self.home
        return {
            "HOME": str(home / "home"),
            "RUNNING_UNDER_SYSTEMD": "1",  # the shell script becomes the server: one process
            "RABBITMQ_NODENAME": f"test{self.port}@localhost",
            "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
            "RABBITMQ_LOG_BASE": str(home / "log"),
            "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "enabled_plugins"),
            "RABBITMQ_PID_FILE": str(home / "pid"),
            "RABBITMQ_DIST_PORT": str(self.distribution_port),
            "ERL_EPMD_PORT": str(self.mapper_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none -start_epmd false"
            # how often it looks for messages that were kept for too long, a minute by default
            " -rabbit channel_tick_interval 1000",
        }

    def _answers(self) -> bool:
        """Whether it speaks AMQP: it takes connections before it can answer them."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as probe:
                probe.sendall(b"AMQP\x00\x00\x09\x01")
                return bool(probe.recv(1))
        except OSError:
            return False


@pytest.fixture(scope="session")
def rabbit_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the test run's RabbitMQ. Whoever uses it may find it full, and may empty it."""
    need_rabbitmq()
    folder = run_folder(tmp_path_factory)
    mappers: list[int] = []

    def start(home: Path) -> dict[str, object]:
        server = RabbitServer(home=home)
        server.start()
        mappers.append(server.mapper_pid)
        return {"url": server.url, "pid": server.pid}

    with shared("rabbitmq", folder, start) as state:
        yield str(state["url"])
    for mapper in mappers:
        stop(mapper)


def need_rabbitmq() -> None:
    """Skip, or in CI fail, where there is none."""
    need(_PROGRAM, "install the package rabbitmq-server")
